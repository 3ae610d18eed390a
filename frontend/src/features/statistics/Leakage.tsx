import { Alert, Badge, Stack, Table, Text } from "@mantine/core";
import type { LeakageReport } from "@/api";
import { TextLink } from "@/components/links";
import { plural } from "@/lib/format";

const KINDS = { exact: "the same image", near: "nearly the same", patient: "one patient" } as const;

/** Pairs of images that should not be in two splits, the grave ones first. */
export function Leakage({ report }: { report: LeakageReport }) {
  return (
    <Stack gap="xs">
      <Text size="sm" c="dimmed">
        {plural(report.num_compared, "image")} compared within and between the sites:{" "}
        {report.num_pairs === 0
          ? "none is in two places."
          : `${plural(report.num_pairs, "pair")}, ${report.num_serious} of which reach from training or validation into the test.`}
      </Text>
      {report.not_compared.map((site) => (
        <Alert key={site.site_slug} color="gray" py="xs">
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
              {report.pairs.map((pair) => (
                <Table.Tr key={`${pair.kind} ${pair.cases[0].case_id} ${pair.cases[1].case_id}`}>
                  <Table.Td>
                    <Badge color={pair.is_serious ? "red" : "yellow"}>{KINDS[pair.kind]}</Badge>
                  </Table.Td>
                  {pair.cases.map((found) => (
                    <Table.Td key={found.case_id}>
                      <TextLink
                        size="sm"
                        to="/datasets/$datasetId"
                        params={{ datasetId: found.dataset_id }}
                        search={{}}
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
    </Stack>
  );
}
