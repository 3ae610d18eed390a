import { Badge, Stack, Table, Text } from "@mantine/core";
import type { FederationRecord, SelectorCases } from "@/api";
import { TextLink } from "@/components/links";
import { SiteMark } from "@/components/SiteMark";
import { plural } from "@/lib/format";
import { formatDifference, formatScore } from "@/lib/metrics";
import { siteLook } from "@/lib/sites";
import type { ChangedCase } from "./rescore";

interface Props {
  cases: SelectorCases;
  changed: readonly ChangedCase[];
  federation: FederationRecord;
}

/** Maximum number of cases that are listed; the others are counted. */
const MAX_LISTED = 8;

/** Which cases another model serves than in the run, the largest change of their score first. */
export function ChangedCases({ cases, changed, federation }: Props) {
  if (changed.length === 0) {
    return (
      <Text size="sm" c="dimmed" data-testid="changed-cases">
        Every case is served by the same model as in the run.
      </Text>
    );
  }
  return (
    <Stack gap={4} data-testid="changed-cases">
      <Text size="sm" fw={500}>
        {plural(changed.length, "case")} served by another model than in the run
      </Text>
      <Table fz="sm" verticalSpacing={4}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Case</Table.Th>
            <Table.Th>Site</Table.Th>
            <Table.Th>Now by</Table.Th>
            <Table.Th ta="right">In the run</Table.Th>
            <Table.Th ta="right">Now</Table.Th>
            <Table.Th ta="right">Change</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {changed.slice(0, MAX_LISTED).map((entry) => (
            <Row key={entry.index} {...{ entry, cases, federation }} />
          ))}
        </Table.Tbody>
      </Table>
      {changed.length > MAX_LISTED && (
        <Text size="xs" c="dimmed">
          and {changed.length - MAX_LISTED} more with a smaller change
        </Text>
      )}
    </Stack>
  );
}

function Row(props: { entry: ChangedCase; cases: SelectorCases; federation: FederationRecord }) {
  const { entry, cases, federation } = props;
  const slug = cases.site_slugs[entry.index] ?? "";
  const server = cases.sites[cases.most_probable[entry.index] ?? 0] ?? "";
  const both = entry.score !== null && entry.ran !== null;
  return (
    <Table.Tr>
      <Table.Td>
        <TextLink
          size="sm"
          to="/runs/$runId/cases"
          params={{ runId: cases.run_id }}
          search={{ case: cases.case_ids[entry.index], metric: cases.metric }}
        >
          {cases.names[entry.index]}
        </TextLink>
      </Table.Td>
      <Table.Td>
        <SiteMark {...siteLook(slug, federation)} size="xs" />
      </Table.Td>
      <Table.Td>
        {entry.toGlobal ? (
          <Badge variant="default">global model</Badge>
        ) : (
          <Badge variant="default">model of {siteLook(server, federation).name}</Badge>
        )}
      </Table.Td>
      <Table.Td ta="right">{formatScore(entry.ran, cases.metric)}</Table.Td>
      <Table.Td ta="right">{formatScore(entry.score, cases.metric)}</Table.Td>
      <Table.Td ta="right">
        {both ? formatDifference((entry.score ?? 0) - (entry.ran ?? 0), cases.metric) : "–"}
      </Table.Td>
    </Table.Tr>
  );
}
