import { Alert, Badge, Pagination, Stack, Table, Text } from "@mantine/core";
import { getRouteApi } from "@tanstack/react-router";
import type { LeakageReport } from "@/api";
import { TextLink } from "@/components/links";
import { plural } from "@/lib/format";
import { pageOf } from "@/lib/pages";
import { leakageSentence } from "./statistics";

const route = getRouteApi("/federations/$federationId");
const PAIRS_OF_A_PAGE = 20;
const KINDS = {
  exact: "the same image",
  near: "nearly the same",
  patient: "one patient",
  confirmed: "one patient",
} as const;

/** Pairs of images that should not be in two splits, the grave ones first. */
export function Leakage({ report }: { report: LeakageReport }) {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const { rows, page, pages } = pageOf(report.pairs, search.page, PAIRS_OF_A_PAGE);
  return (
    <Stack gap="xs">
      <Text size="sm" c="dimmed">
        {leakageSentence(report)}
      </Text>
      {report.not_compared.map((site) => (
        <Alert key={`${site.site_slug} ${site.reason}`} color="gray" py="xs">
          {site.site_name}: {plural(site.num_cases, "image")} not compared. {site.reason}
        </Alert>
      ))}
      {report.pairs.length > 0 && (
        <Table.ScrollContainer minWidth={720}>
          <Table fz="sm" data-testid="leakage">
            <Table.Thead>
              <Table.Tr>
                <Table.Th>What</Table.Th>
                <Table.Th>One</Table.Th>
                <Table.Th>Other</Table.Th>
                <Table.Th>Remedy</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {rows.map((pair) => (
                <Table.Tr key={`${pair.kind} ${pair.cases[0].case_id} ${pair.cases[1].case_id}`}>
                  <Table.Td>
                    <Badge color={pair.is_serious ? "red" : "gray"} miw="max-content">
                      {KINDS[pair.kind]}
                    </Badge>
                  </Table.Td>
                  {pair.cases.map((found) => (
                    <Table.Td key={found.case_id}>
                      <TextLink
                        size="sm"
                        to="/datasets/$datasetId"
                        params={{ datasetId: found.dataset_id }}
                        search={{ find: found.name }}
                      >
                        {found.name}
                      </TextLink>
                      <Text size="xs" c="dimmed">
                        {found.site_name}, {found.split}
                      </Text>
                    </Table.Td>
                  ))}
                  <Table.Td>
                    <Text size="xs">{pair.remedy}</Text>
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
      {pages > 1 && (
        <Pagination
          total={pages}
          value={page}
          onChange={(next) =>
            void navigate({ search: (old) => ({ ...old, page: next > 1 ? next : undefined }), replace: true })
          }
          getControlProps={(control) => ({ "aria-label": `${control} page` })}
          style={{ alignSelf: "center" }}
        />
      )}
      {report.pairs.length < report.num_pairs && (
        <Text size="xs" c="dimmed">
          The first {report.pairs.length} pairs are listed, the grave ones first.
        </Text>
      )}
    </Stack>
  );
}
