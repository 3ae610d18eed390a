import { Card, Chip, Group, Pagination, Stack, Table, Text, TextInput } from "@mantine/core";
import { IconCircleCheck, IconDownload, IconSearch, IconSearchOff } from "@tabler/icons-react";
import { getRouteApi } from "@tanstack/react-router";
import type { CaseRecord, DatasetRecord } from "@/api";
import { EmptyState } from "@/components/Feedback";
import { DownloadButton } from "@/components/links";
import { reasonText } from "@/lib/checks";
import { pageOf } from "@/lib/pages";
import { casesCsvUrl, reasonCounts, skippedCases } from "./datasetCases";
import { repairText } from "./repairs";
import type { DatasetSearch } from "./search";

const route = getRouteApi("/datasets/$datasetId");

/** Every case that is not used, with the reason and the remedy. */
export function SkippedCases({ dataset, cases }: { dataset: DatasetRecord; cases: CaseRecord[] }) {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const set = (change: DatasetSearch) => void navigate({ search: (old) => ({ ...old, ...change }), replace: true });
  if (dataset.num_skipped === 0) {
    return (
      <EmptyState icon={IconCircleCheck} title="Nothing was skipped">
        Every image of the folder has a mask that fits it.
      </EmptyState>
    );
  }
  const found = skippedCases(cases, search);
  const { rows, page, pages } = pageOf(found, search.page);
  return (
    <Stack>
      <Chip.Group
        value={search.reason ?? "all"}
        onChange={(next) => set({ reason: next === "all" ? undefined : String(next), page: undefined })}
      >
        <Group gap="xs" role="group" aria-label="Reason">
          <Chip value="all">All ({dataset.num_skipped})</Chip>
          {reasonCounts(dataset).map(([reason, count]) => (
            <Chip key={reason} value={reason}>
              {reasonText(reason)} ({count})
            </Chip>
          ))}
        </Group>
      </Chip.Group>
      <Group justify="space-between">
        <TextInput
          aria-label="Find a skipped case"
          placeholder="Name or reason"
          leftSection={<IconSearch size={16} aria-hidden />}
          value={search.find ?? ""}
          onChange={(event) => set({ find: event.currentTarget.value || undefined, page: undefined })}
        />
        <DownloadButton
          variant="default"
          href={casesCsvUrl(dataset.id, false, search.reason)}
          leftSection={<IconDownload size={16} aria-hidden />}
        >
          Skipped cases as CSV
        </DownloadButton>
      </Group>
      {found.length === 0 ? (
        <EmptyState icon={IconSearchOff} title="No skipped case matches">
          Take another reason, or search for less.
        </EmptyState>
      ) : (
        <Rows rows={rows} />
      )}
      {pages > 1 && (
        <Pagination
          total={pages}
          value={page}
          onChange={(next) => set({ page: next > 1 ? next : undefined })}
          getControlProps={(control) => ({ "aria-label": `${control} page` })}
          style={{ alignSelf: "center" }}
        />
      )}
    </Stack>
  );
}

function Rows({ rows }: { rows: CaseRecord[] }) {
  return (
    <Card withBorder padding={0}>
      <Table data-testid="skipped">
        <Table.Thead>
          <Table.Tr>
            <Table.Th w="28%">Case</Table.Th>
            <Table.Th w="22%">Why</Table.Th>
            <Table.Th>In detail, with the remedy</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rows.map((row) => (
            <Table.Tr key={row.id}>
              <Table.Td style={{ overflowWrap: "anywhere" }}>{row.name}</Table.Td>
              <Table.Td>
                {row.reason_code && <Text size="sm">{reasonText(row.reason_code)}</Text>}
                {row.remedies.length > 0 && (
                  <Text size="xs" c="dimmed">
                    usable with: {row.remedies.map(repairText).join(", ")}
                  </Text>
                )}
              </Table.Td>
              <Table.Td style={{ overflowWrap: "anywhere" }}>{row.reason}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Card>
  );
}
