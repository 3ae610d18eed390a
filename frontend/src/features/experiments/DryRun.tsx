import { Alert, Button, Group, Progress, ScrollArea, Stack, Table, Text, Title, Tooltip } from "@mantine/core";
import { IconCheck, IconTestPipe, IconX } from "@tabler/icons-react";
import { useMutation, useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { api, type DryRunRecord, type DryRunSite, type ExperimentConfig, type FederationRecord, unwrap } from "@/api";
import { StateBadge } from "@/components/StateBadge";
import { differences } from "@/lib/schema";
import { siteName } from "@/lib/sites";
import { Estimate } from "./Estimate";
import { dryRunQuery } from "./queries";

const route = getRouteApi("/federations/$federationId/experiments/new");
/** The maximum height of the sites' answers, in pixels, so that estimate and buttons stay near with thirty sites. */
const MAX_HEIGHT = 320;

interface Props {
  federation: FederationRecord;
  config: ExperimentConfig;
  /** The configuration has no problem that is known without trying. */
  ready: boolean;
}

/** Tries a few steps of every method at every site, and says what the experiment will cost. */
export function DryRun({ federation, config, ready }: Props) {
  const { dry: startedId = null } = route.useSearch();
  const navigate = route.useNavigate();
  const start = useMutation({
    mutationFn: () => unwrap(api.startDryRun({ path: { federation_id: federation.id }, body: { config } })),
    onSuccess: (record) => navigate({ search: (old) => ({ ...old, dry: record.id }), replace: true }),
  });
  const cancel = useMutation({
    mutationFn: (id: string) => unwrap(api.cancelDryRun({ path: { dry_run_id: id } })),
  });
  const query = useQuery(dryRunQuery(startedId));
  const record = query.data;
  const running = start.isPending || (startedId !== null && (record === undefined || record.status === "running"));
  const stale = record !== undefined && differences(record.config, config).length > 0;
  const error = start.error ?? query.error;
  return (
    <Stack gap="xs">
      <Group justify="space-between">
        <Title order={3} size="h5">
          Dry run
        </Title>
        {running ? (
          <Button
            size="compact-sm"
            variant="default"
            leftSection={<IconX size={14} aria-hidden />}
            disabled={startedId === null}
            onClick={() => startedId !== null && cancel.mutate(startedId)}
          >
            Cancel
          </Button>
        ) : (
          <Button
            size="compact-sm"
            variant="default"
            leftSection={<IconTestPipe size={14} aria-hidden />}
            disabled={!ready}
            onClick={() => start.mutate()}
          >
            {record ? "Try again" : "Try it"}
          </Button>
        )}
      </Group>
      {!record && !error && (
        <Text size="sm" c="dimmed">
          A few steps of every method at every site: does it run, how long will it take, how much memory and traffic
          does it need?
        </Text>
      )}
      {error && <Alert color="red">{error.message}</Alert>}
      {record && <Sites record={record} federation={federation} />}
      {record?.estimate && <Estimate estimate={record.estimate} siteName={(slug) => siteName(federation, slug)} />}
      {record?.estimate && stale && (
        <Text size="xs" c="dimmed">
          The settings were changed since: try again for a new estimate.
        </Text>
      )}
    </Stack>
  );
}

function Sites({ record, federation }: { record: DryRunRecord; federation: FederationRecord }) {
  return (
    <ScrollArea.Autosize mah={MAX_HEIGHT} type="auto" viewportProps={{ tabIndex: 0, "aria-label": "Sites" }}>
      <Table fz="sm" verticalSpacing={4} withRowBorders={false} aria-label="Dry run at each site">
        <Table.Tbody>
          {record.sites.map((site) => (
            <Table.Tr key={site.site_slug}>
              <Table.Td pl={0} style={{ maxWidth: 160 }}>
                <Text size="sm" truncate title={siteName(federation, site.site_slug)}>
                  {siteName(federation, site.site_slug)}
                </Text>
              </Table.Td>
              <Table.Td>
                <SiteAnswer site={site} />
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </ScrollArea.Autosize>
  );
}

function SiteAnswer({ site }: { site: DryRunSite }) {
  if (site.error) {
    return (
      <Text size="sm" c="red" role="alert">
        {site.error}
      </Text>
    );
  }
  if (site.status === "running") {
    return (
      <Progress value={site.fraction * 100} aria-label={`${site.site_slug}: ${Math.round(site.fraction * 100)} %`} />
    );
  }
  if (site.result) {
    return (
      <Tooltip label={site.result.device}>
        <Text size="sm" component="span">
          <IconCheck size={14} color="var(--mantine-color-teal-6)" aria-hidden style={{ verticalAlign: "-2px" }} />{" "}
          Runs: {Math.round(site.result.peak_memory_mib)} MiB
          {site.result.peak_gpu_memory_mib != null && `, GPU ${Math.round(site.result.peak_gpu_memory_mib)} MiB`}
        </Text>
      </Tooltip>
    );
  }
  return <StateBadge state={site.status} size="sm" />;
}
