import { Alert, Card, Group, Pagination, SegmentedControl, Stack, Switch, Table, Text, TextInput } from "@mantine/core";
import { IconDownload, IconPhotoOff, IconSearch, IconSearchOff } from "@tabler/icons-react";
import { getRouteApi } from "@tanstack/react-router";
import type { CaseRecord, DatasetRecord } from "@/api";
import { EmptyState } from "@/components/Feedback";
import { DownloadButton } from "@/components/links";
import { plural } from "@/lib/format";
import { pageOf } from "@/lib/pages";
import { SPLITS } from "@/lib/sites";
import { CaseZoom } from "./CaseZoom";
import { casesCsvUrl, sizeText, usedCases } from "./datasetCases";
import { Gallery } from "./Gallery";
import { repairText } from "./repairs";
import type { DatasetSearch } from "./search";

const route = getRouteApi("/datasets/$datasetId");

/** Pictures of the used cases with the reference outlined; a list of them where the site's policy shows none. */
export function UsedCases({ dataset, cases }: { dataset: DatasetRecord; cases: CaseRecord[] }) {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const set = (change: DatasetSearch) => void navigate({ search: (old) => ({ ...old, ...change }), replace: true });
  const found = usedCases(cases, search);
  const { rows, page, pages } = pageOf(found, search.page);
  return (
    <Stack>
      <Group justify="space-between">
        <Group gap="sm">
          <SegmentedControl
            aria-label="Split"
            value={search.split ?? "all"}
            onChange={(next) => set({ split: SPLITS.find((split) => split === next), page: undefined })}
            data={[{ value: "all", label: "All" }, ...SPLITS]}
          />
          <TextInput
            aria-label="Find a case"
            placeholder="Name or patient"
            leftSection={<IconSearch size={16} aria-hidden />}
            value={search.find ?? ""}
            onChange={(event) => set({ find: event.currentTarget.value || undefined, page: undefined })}
          />
          {dataset.num_repaired_cases > 0 && (
            <Switch
              label={`Repaired only (${dataset.num_repaired_cases})`}
              checked={search.repaired === true}
              onChange={(event) => set({ repaired: event.currentTarget.checked || undefined, page: undefined })}
            />
          )}
          <Text size="sm" c="dimmed" aria-live="polite">
            {plural(found.length, "case")}
          </Text>
        </Group>
        <DownloadButton
          variant="default"
          href={casesCsvUrl(dataset.id, true)}
          leftSection={<IconDownload size={16} aria-hidden />}
        >
          Used cases as CSV
        </DownloadButton>
      </Group>
      {!dataset.may_send_thumbnails && (
        <Alert color="gray" icon={<IconPhotoOff aria-hidden />} py="xs">
          The policy of {dataset.site_name} lets no thumbnail leave, so cases are listed without pictures.
        </Alert>
      )}
      {found.length === 0 ? (
        <EmptyState icon={IconSearchOff} title="No case matches">
          Take another split, or search for less.
        </EmptyState>
      ) : dataset.may_send_thumbnails ? (
        <Gallery cases={rows} onOpen={(name) => set({ case: name })} />
      ) : (
        <List cases={rows} />
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
      <CaseZoom cases={found} name={search.case} onShow={(name) => set({ case: name })} />
    </Stack>
  );
}

function List({ cases }: { cases: CaseRecord[] }) {
  return (
    <Card withBorder padding={0}>
      <Table>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Case</Table.Th>
            <Table.Th>Split</Table.Th>
            <Table.Th>Size</Table.Th>
            <Table.Th>To look at</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {cases.map((row) => (
            <Table.Tr key={row.id}>
              <Table.Td style={{ overflowWrap: "anywhere" }}>{row.name}</Table.Td>
              <Table.Td>{row.split}</Table.Td>
              <Table.Td>{sizeText(row)}</Table.Td>
              <Table.Td>
                {[...row.repairs.map(repairText), ...row.warnings.map((warning) => warning.message)].join("; ")}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Card>
  );
}
