import { ActionIcon, Alert, Button, Card, Group, Menu, Progress, Stack, Text, Title, Tooltip } from "@mantine/core";
import { IconPackageExport, IconTrash } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, type ExportRecord, type ModelSet, unwrap } from "@/api";
import { export_forms as forms } from "@/api/tables.json";
import { DownloadButton } from "@/components/links";
import { notifyError } from "@/components/notify";
import { formatBytes, plural } from "@/lib/format";
import { TERMINAL_TASKS } from "@/lib/status";
import type { ThresholdChoice } from "./models";
import { exportsQuery } from "./queries";

interface Props {
  set: ModelSet;
  /** Of the super model. */
  threshold: ThresholdChoice;
}

/** The models in forms for other programs, each with how it was tried. */
export function ModelExports({ set, threshold }: Props) {
  const client = useQueryClient();
  const { queryKey } = exportsQuery(set.run_id);
  const made = useQuery(exportsQuery(set.run_id));
  const start = useMutation({
    mutationFn: (form: ExportRecord["form"]) =>
      unwrap(api.exportModel({ path: { run_id: set.run_id }, body: { form, threshold } })),
    onSuccess: () => client.invalidateQueries({ queryKey }),
    onError: (error) => notifyError("The export could not be started", error),
  });
  const remove = useMutation({
    mutationFn: (id: string) => unwrap(api.deleteExport({ path: { export_id: id } })),
    onSuccess: () => client.invalidateQueries({ queryKey }),
    onError: (error) => notifyError("Not removed", error),
  });
  const exports = made.data ?? [];
  return (
    <Card withBorder data-testid="model-exports">
      <Stack gap="sm">
        <Group justify="space-between">
          <Title order={2} size="h4">
            For other programs
          </Title>
          <Menu position="bottom-end" width={320}>
            <Menu.Target>
              <Button
                variant="default"
                loading={start.isPending}
                leftSection={<IconPackageExport size={16} aria-hidden />}
              >
                Export
              </Button>
            </Menu.Target>
            <Menu.Dropdown>
              {forms.map(({ form, label, summary }) => (
                <Menu.Item key={form} onClick={() => start.mutate(form as ExportRecord["form"])}>
                  <Text size="sm">{label}</Text>
                  <Text size="xs" c="dimmed">
                    {summary}
                  </Text>
                </Menu.Item>
              ))}
            </Menu.Dropdown>
          </Menu>
        </Group>
        {made.data?.length === 0 && (
          <Text size="sm" c="dimmed">
            Not exported yet. Each form is tried on raw test cases before it is given out, and one with other masks than
            the run's is refused.
          </Text>
        )}
        {exports.map((entry) => (
          <Exported key={entry.id} entry={entry} onRemove={() => remove.mutate(entry.id)} />
        ))}
      </Stack>
    </Card>
  );
}

function Exported({ entry, onRemove }: { entry: ExportRecord; onRemove: () => void }) {
  return (
    <Group justify="space-between" wrap="nowrap" align="flex-start" data-testid={`export-${entry.form}`}>
      <Stack gap={2} style={{ flex: 1 }}>
        <Text size="sm">
          {entry.label}
          {entry.gamma !== null && `, γ = ${entry.gamma}`}
        </Text>
        <State entry={entry} />
      </Stack>
      <Group gap="xs" wrap="nowrap">
        {entry.url && (
          <DownloadButton href={entry.url} download={entry.file_name} size="xs" variant="default">
            Download ({formatBytes(entry.num_bytes ?? 0)})
          </DownloadButton>
        )}
        <Tooltip label="Remove">
          <ActionIcon
            variant="subtle"
            color="gray"
            aria-label={`Remove the export ${entry.label}${entry.gamma === null ? "" : `, gamma ${entry.gamma}`}`}
            onClick={onRemove}
          >
            <IconTrash size={16} aria-hidden />
          </ActionIcon>
        </Tooltip>
      </Group>
    </Group>
  );
}

function State({ entry }: { entry: ExportRecord }) {
  if (entry.error) return <Alert color="red">{entry.error}</Alert>;
  if (!TERMINAL_TASKS.has(entry.status)) {
    return (
      <>
        <Text size="xs" c="dimmed" aria-live="polite">
          {entry.doing ?? "Waits for a worker"}
        </Text>
        <Progress value={Math.max(entry.fraction * 100, 5)} animated aria-label={`${entry.label} is being made`} />
      </>
    );
  }
  if (entry.num_images === null) return <Text size="xs">{entry.status}</Text>;
  return (
    <Text size="xs" c="dimmed">
      Tried on {plural(entry.num_images, "raw test case")}: the same model chosen for each, and{" "}
      {entry.num_different === 0 ? "no" : entry.num_different} of {(entry.num_voxels ?? 0).toLocaleString("en")} voxels
      of the masks {entry.num_different === 1 ? "differs" : "differ"}.
    </Text>
  );
}
