import { Anchor, Badge, Button, Card, CopyButton, Group, Popover, Stack, Text } from "@mantine/core";
import { IconCheck, IconCopy, IconExternalLink, IconFileTypePdf, IconLinkOff } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { api, type ReportRecord, unwrap } from "@/api";
import { Isolated } from "@/components/Isolated";
import { DownloadButton } from "@/components/links";
import { notifyDone, notifyError } from "@/components/notify";
import { useNow } from "@/components/useNow";
import { formatAgo, formatDateTime } from "@/lib/format";
import { reportsQuery } from "./queries";

interface Props {
  reports: ReportRecord[];
  experimentId: string;
}

/** The newest first; links that no longer work stay listed, so that it can be said who once had them. */
export function ReportLinks({ reports, experimentId }: Props) {
  if (reports.length === 0) {
    return (
      <Text size="sm" c="dimmed">
        None yet. Freeze one above, then send its link.
      </Text>
    );
  }
  return (
    <Stack gap="sm" data-testid="report-links">
      {reports.map((report) => (
        <ReportLink key={report.id} report={report} experimentId={experimentId} />
      ))}
    </Stack>
  );
}

function ReportLink({ report, experimentId }: { report: ReportRecord; experimentId: string }) {
  const now = useNow();
  const state = linkState(report, now);
  const address = `${window.location.origin}${report.path}`;
  return (
    <Card withBorder padding="sm">
      <Group justify="space-between" wrap="nowrap" align="flex-start">
        <div style={{ minWidth: 0 }}>
          <Group gap={8}>
            {state === "open" ? (
              <Anchor href={report.path} target="_blank" fw={500} style={{ overflowWrap: "anywhere" }}>
                {report.title} <IconExternalLink size={14} aria-label="opens in a new tab" />
              </Anchor>
            ) : (
              <Text fw={500}>
                <Isolated>{report.title}</Isolated>
              </Text>
            )}
            {state !== "open" && (
              <Badge color="gray" size="sm">
                {state}
              </Badge>
            )}
          </Group>
          <Text size="xs" c="dimmed">
            {report.created_by}, {formatDateTime(report.created_at)}
            {report.revoked_at
              ? ` · revoked ${formatDateTime(report.revoked_at)}`
              : report.expires_at
                ? ` · expires ${formatDateTime(report.expires_at)}`
                : " · does not expire"}
            {` · opened ${report.num_opened} ${report.num_opened === 1 ? "time" : "times"}`}
            {report.opened_at && `, last ${formatAgo(report.opened_at, now)}`}
          </Text>
        </div>
        {state === "open" && (
          <Group gap={6} wrap="nowrap">
            <CopyButton value={address}>
              {({ copied, copy }) => (
                <Button
                  size="compact-sm"
                  variant="light"
                  onClick={copy}
                  leftSection={copied ? <IconCheck size={14} aria-hidden /> : <IconCopy size={14} aria-hidden />}
                >
                  {copied ? "Copied" : "Copy link"}
                </Button>
              )}
            </CopyButton>
            <DownloadButton
              size="compact-sm"
              variant="default"
              href={report.pdf_path}
              leftSection={<IconFileTypePdf size={14} aria-hidden />}
            >
              PDF
            </DownloadButton>
            <Revoke report={report} experimentId={experimentId} />
          </Group>
        )}
      </Group>
    </Card>
  );
}

function Revoke({ report, experimentId }: { report: ReportRecord; experimentId: string }) {
  const client = useQueryClient();
  const revoke = useMutation({
    mutationFn: () => unwrap(api.revokeReport({ path: { report_id: report.id } })),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: reportsQuery(experimentId).queryKey });
      notifyDone(`The link of ${report.title} no longer works.`);
    },
    onError: (error) => notifyError("Not revoked", error),
  });
  return (
    <Popover position="bottom-end" withArrow trapFocus>
      <Popover.Target>
        <Button
          size="compact-sm"
          variant="subtle"
          color="red"
          leftSection={<IconLinkOff size={14} aria-hidden />}
          aria-label={`Revoke ${report.title}`}
        >
          Revoke
        </Button>
      </Popover.Target>
      <Popover.Dropdown maw={300}>
        <Stack gap="xs">
          <Text size="sm">The link no longer opens it. This cannot be undone; a new link can be made.</Text>
          <Button size="xs" color="red" loading={revoke.isPending} onClick={() => revoke.mutate()}>
            Revoke the link
          </Button>
        </Stack>
      </Popover.Dropdown>
    </Popover>
  );
}

function linkState(report: ReportRecord, now: number): "open" | "revoked" | "expired" {
  if (report.revoked_at) return "revoked";
  return report.expires_at && Date.parse(report.expires_at) <= now ? "expired" : "open";
}
