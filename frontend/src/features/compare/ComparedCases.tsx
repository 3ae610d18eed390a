import { Group, Select, Stack, Table, Text } from "@mantine/core";
import { useQueries } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type FederationRecord, type RunCases, type RunComparison, runCasesQuery } from "@/api";
import { RowsSkeleton } from "@/components/Feedback";
import { LinkButton, TextLink } from "@/components/links";
import { Scatter } from "@/components/Scatter";
import { SiteMark } from "@/components/SiteMark";
import { type Brush, comparedCases, inBrush, orderedByDifference, tally } from "@/lib/differences";
import { plural } from "@/lib/format";
import { formatDifference, formatScore, STANDARD_METRIC } from "@/lib/metrics";
import { modelOfRun, withOthers } from "@/lib/otherRuns";
import { siteLook } from "@/lib/sites";
import { runTitles } from "./runComparison";

interface Props {
  comparison: RunComparison;
  federation: FederationRecord;
  /** Id of the run that the first is compared with; undefined: the second of the list. */
  other: string | undefined;
  brush: Brush | undefined;
  onOther: (id: string | undefined) => void;
  onBrush: (brush: Brush | undefined) => void;
}

/** Rows that are listed here; the page of the cases has all. */
const MAX_ROWS = 8;

const loaded = (results: { data?: RunCases | undefined; isError: boolean }[]) => ({
  data: results.flatMap(({ data }) => data ?? []),
  failed: results.some(({ isError }) => isError),
});

/** The same test cases under the first run and another: where the first loses most, and both masks of each. */
export function ComparedCases({ comparison, federation, other, brush, onOther, onBrush }: Props) {
  const navigate = useNavigate();
  const titles = runTitles(comparison).map(({ name, experiment }) => (experiment ? `${name}, ${experiment}` : name));
  const [first, ...rest] = comparison.runs;
  const second = rest.find(({ run }) => run.id === other) ?? rest[0];
  const ids = first && second ? [first.run.id, second.run.id] : [];
  const { data, failed } = useQueries({ queries: ids.map((id) => runCasesQuery(id)), combine: loaded });
  if (!first || !second) return null;
  if (failed) return <Text size="sm">The cases of these runs cannot be loaded now.</Text>;
  const [own, others] = data;
  if (!own || !others) return <RowsSkeleton rows={3} />;
  const { metric, structure } = comparison;
  const against = modelOfRun(second.model, second.run.id);
  const all = comparedCases(withOthers(own.cases, [others]), first.model, against, structure, metric);
  const both = all.filter(({ difference }) => difference !== null);
  const [firstTitle = "", secondTitle = ""] = [first, second].map((entry) => titles[comparison.runs.indexOf(entry)]);
  const kept = orderedByDifference(both, metric).filter((entry) => inBrush(entry, brush));
  const count = tally(both, metric);
  const search = (id?: string) => ({
    against,
    model: first.model,
    case: id,
    brush,
    metric: metric === STANDARD_METRIC ? undefined : metric,
    structure: structure ?? undefined,
  });
  return (
    <Stack gap="sm">
      {rest.length > 1 && (
        <Select
          size="xs"
          maw={420}
          label="The first run against"
          allowDeselect={false}
          value={second.run.id}
          onChange={(value) => onOther(value === rest[0]?.run.id ? undefined : (value ?? undefined))}
          data={rest.map(({ run }, index) => ({ value: run.id, label: titles[index + 1] ?? "" }))}
        />
      )}
      {both.length === 0 ? (
        <Text size="sm">
          No test case has a score of both runs: they were tested on other cases, or their sites keep the scores of
          single cases.
        </Text>
      ) : (
        <>
          <Text size="sm" data-testid="tally">
            {firstTitle} is better at {count.better} and worse at {count.worse} of {plural(both.length, "case")} than{" "}
            {secondTitle}
            {comparison.checkpoint === "last" && ", each at its best round: single cases are scored there alone"}.
          </Text>
          <Group align="flex-start" gap="xl">
            <div style={{ width: 260 }}>
              <Scatter
                cases={both}
                {...{ metric, federation, brush, onBrush }}
                first="First run"
                second="Other run"
                selected={undefined}
                onSelect={(id) =>
                  void navigate({ to: "/runs/$runId/cases", params: { runId: first.run.id }, search: search(id) })
                }
              />
            </div>
            <Stack gap="xs" style={{ flex: 1, minWidth: 340 }}>
              <Table fz="sm" verticalSpacing={6} data-testid="compared-cases">
                <Table.Thead>
                  <Table.Tr>
                    <Table.Th>Case, worst losses first</Table.Th>
                    <Table.Th>Site</Table.Th>
                    <Table.Th ta="right">First run</Table.Th>
                    <Table.Th ta="right">Other run</Table.Th>
                    <Table.Th ta="right">First less other</Table.Th>
                  </Table.Tr>
                </Table.Thead>
                <Table.Tbody>
                  {kept.slice(0, MAX_ROWS).map((entry) => (
                    <Table.Tr key={entry.scored.case_id}>
                      <Table.Td>
                        <TextLink
                          size="sm"
                          to="/runs/$runId/cases"
                          params={{ runId: first.run.id }}
                          search={search(entry.scored.case_id)}
                          title="Both masks side by side"
                        >
                          {entry.scored.name}
                        </TextLink>
                      </Table.Td>
                      <Table.Td>
                        <SiteMark {...siteLook(entry.scored.site_slug, federation)} size="xs" />
                      </Table.Td>
                      <Table.Td ta="right">{formatScore(entry.first, metric)}</Table.Td>
                      <Table.Td ta="right">{formatScore(entry.second, metric)}</Table.Td>
                      <Table.Td ta="right">{formatDifference(entry.difference, metric)}</Table.Td>
                    </Table.Tr>
                  ))}
                </Table.Tbody>
              </Table>
              <LinkButton
                variant="default"
                size="xs"
                w="fit-content"
                to="/runs/$runId/cases"
                params={{ runId: first.run.id }}
                search={search()}
              >
                {kept.length === 1 ? "Look at the case" : `Look at all ${kept.length} cases`}
              </LinkButton>
            </Stack>
          </Group>
        </>
      )}
    </Stack>
  );
}
