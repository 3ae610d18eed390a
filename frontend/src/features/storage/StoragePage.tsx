import { Alert, Button, Card, Center, Group, Progress, Stack, Table, Text } from "@mantine/core";
import { IconDatabase, IconFileAlert, IconShieldCheck, IconTrash } from "@tabler/icons-react";
import { useInfiniteQuery, useMutation, useQueryClient } from "@tanstack/react-query";
import { api, type ScrubRecord, type StorageRecord, type SweepRecord, unwrap } from "@/api";
import { EmptyState, Loaded, RowsSkeleton } from "@/components/Feedback";
import { KindBytes } from "@/components/KindBytes";
import { TextLink } from "@/components/links";
import { notifyDone, notifyError } from "@/components/notify";
import { Page } from "@/components/Page";
import { useNow } from "@/components/useNow";
import { formatAgo, formatBytes, formatPercent, plural } from "@/lib/format";
import { filesSentence, kindsOf } from "@/lib/storage";
import { storageQuery } from "./queries";

/** What lies on the backend's disk, for whom, and what is free. */
export function StoragePage() {
  const storage = useInfiniteQuery(storageQuery);
  return (
    <Page
      help="runs#retention"
      title="Storage"
      crumbs={[{ label: "Federations", link: { to: "/" } }]}
      subtitle="What the backend keeps as files, for whom, and how much room is left."
      actions={<Actions />}
    >
      <Loaded query={storage} skeleton={<RowsSkeleton rows={4} height={40} />}>
        {({ pages }) =>
          pages[0] && <Found found={{ ...pages[0], experiments: pages.flatMap((page) => page.experiments) }} />
        }
      </Loaded>
      {storage.hasNextPage && (
        <Center>
          <Button variant="default" loading={storage.isFetchingNextPage} onClick={() => void storage.fetchNextPage()}>
            Show smaller experiments
          </Button>
        </Center>
      )}
    </Page>
  );
}

function Actions() {
  const client = useQueryClient();
  const again = () => client.invalidateQueries({ queryKey: storageQuery.queryKey });
  const sweep = useMutation({
    mutationFn: () => unwrap<SweepRecord>(api.sweepStorage()),
    onSuccess: async ({ num_files, num_bytes }) => {
      notifyDone(num_files === 0 ? "Nothing is unowned." : `${filesSentence({ num_files, num_bytes })} removed.`);
      await again();
    },
    onError: (error) => notifyError("Not swept", error),
  });
  const scrub = useMutation({
    mutationFn: () => unwrap<ScrubRecord>(api.scrubStorage()),
    onSuccess: async ({ num_checked, damaged, lost }) => {
      const bad = damaged.length + lost.length;
      if (bad === 0) notifyDone(`${plural(num_checked, "file")} read: all are whole.`);
      else notifyError("Files are damaged", new Error(`${bad} of ${plural(num_checked, "file")} are damaged or lost.`));
      await again();
    },
    onError: (error) => notifyError("Not checked", error),
  });
  return (
    <Group gap="xs">
      <Button
        variant="default"
        leftSection={<IconShieldCheck size={16} aria-hidden />}
        loading={scrub.isPending}
        onClick={() => scrub.mutate()}
      >
        Check every file
      </Button>
      <Button
        variant="default"
        leftSection={<IconTrash size={16} aria-hidden />}
        loading={sweep.isPending}
        onClick={() => sweep.mutate()}
      >
        Remove what nobody needs
      </Button>
    </Group>
  );
}

function Found({ found }: { found: StorageRecord }) {
  const now = useNow();
  return (
    <Stack>
      {found.damaged.length > 0 && (
        <Alert color="red" icon={<IconFileAlert aria-hidden />} title="Damaged or lost files" data-testid="damaged">
          <Text size="sm">
            They are served to nobody. Restore them from a backup; a failed run that needs one goes on from its last
            whole round when it is resumed.
          </Text>
          {found.damaged.map((sha256) => (
            <Text key={sha256} size="xs" ff="monospace" style={{ overflowWrap: "anywhere" }}>
              {sha256}
            </Text>
          ))}
        </Alert>
      )}
      <Disks found={found} />
      <Text size="sm" c="dimmed">
        {filesSentence(found)}; {formatBytes(found.unowned_bytes)} belong to nobody or to an upload under way. Who holds
        what was looked up {formatAgo(found.looked_at, now)}. Every file was looked through{" "}
        {formatAgo(found.swept_at, now)}; that is done every night.
      </Text>
      {found.experiments.length === 0 && found.datasets.length === 0 ? (
        <EmptyState icon={IconDatabase} title="Nothing is stored">
          Data sets leave thumbnails here, and experiments their models, images and masks.
        </EmptyState>
      ) : (
        <Holders found={found} />
      )}
    </Stack>
  );
}

function Disks({ found }: { found: StorageRecord }) {
  return (
    <Card withBorder>
      <Stack gap="sm">
        {found.disks.map((disk) => {
          const used = disk.num_total - disk.num_free;
          const share = used / disk.num_total;
          return (
            <Stack key={disk.folder} gap={4}>
              <Group justify="space-between" className="tabular">
                <Text size="sm" ff="monospace" style={{ overflowWrap: "anywhere" }}>
                  {disk.folder}
                </Text>
                <Text size="sm">
                  {formatBytes(disk.num_free)} of {formatBytes(disk.num_total)} free ({formatPercent(1 - share)})
                </Text>
              </Group>
              <Progress
                value={100 * share}
                color={disk.is_full ? "red" : disk.is_low ? "yellow" : undefined}
                aria-label={`${formatPercent(share)} of ${disk.folder} is used`}
              />
            </Stack>
          );
        })}
      </Stack>
    </Card>
  );
}

function Holders({ found }: { found: StorageRecord }) {
  return (
    <Card withBorder padding={0}>
      <Table.ScrollContainer minWidth={720}>
        <Table className="tabular" aria-label="Who holds what">
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Held by</Table.Th>
              <Table.Th ta="right">Files</Table.Th>
              <Table.Th ta="right">In all</Table.Th>
              <Table.Th>By kind</Table.Th>
              <Table.Th>Rounds kept</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {found.experiments.map((row) => (
              <Table.Tr key={row.experiment_id}>
                <Table.Td>
                  <TextLink
                    to="/experiments/$experimentId"
                    params={{ experimentId: row.experiment_id }}
                    search={{}}
                    size="sm"
                  >
                    {row.experiment_name}
                  </TextLink>
                  <Text size="xs" c="dimmed">
                    {plural(row.runs.length, "run")}
                  </Text>
                </Table.Td>
                <Table.Td ta="right">{row.num_files}</Table.Td>
                <Table.Td ta="right">{formatBytes(row.num_bytes)}</Table.Td>
                <Table.Td>
                  <KindBytes kinds={kindsOf(row.by_kind)} />
                </Table.Td>
                <Table.Td>{row.retention === "all" ? "All" : "Those that are needed"}</Table.Td>
              </Table.Tr>
            ))}
            {found.datasets.map((row) => (
              <Table.Tr key={row.dataset_id}>
                <Table.Td>
                  <TextLink to="/datasets/$datasetId" params={{ datasetId: row.dataset_id }} search={{}} size="sm">
                    {row.dataset_name}
                  </TextLink>
                  <Text size="xs" c="dimmed">
                    {row.site_name}
                  </Text>
                </Table.Td>
                <Table.Td ta="right">{row.num_files}</Table.Td>
                <Table.Td ta="right">{formatBytes(row.num_bytes)}</Table.Td>
                <Table.Td>
                  <KindBytes kinds={kindsOf(row.by_kind)} />
                </Table.Td>
                <Table.Td />
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </Card>
  );
}
