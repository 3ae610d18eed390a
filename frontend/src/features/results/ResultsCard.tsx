import { Alert, Card, Group, Stack, Text, Title } from "@mantine/core";
import { IconInfoCircle } from "@tabler/icons-react";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useCallback, useMemo } from "react";
import type { ExperimentRecord, ExperimentResults, FederationRecord, ScoreQuery } from "@/api";
import { ErrorPanel } from "@/components/Feedback";
import type { Baseline } from "@/lib/comparison";
import { directionWords, metricTitle } from "@/lib/metrics";
import { baselineOfVerdict } from "./baseline";
import { Notes } from "./Notes";
import { comparisonQuery, verdictQuery } from "./queries";
import { ResultsTable } from "./ResultsTable";
import { hasScores, nextSort, type ResultRow, resultTable, type Sort, sortRows } from "./results";
import type { ResultsSearch } from "./search";
import { modelOf, pinning, Toolbar } from "./Toolbar";
import type { Update } from "./useResultsSearch";

interface Props {
  experiment: ExperimentRecord;
  results: ExperimentResults;
  federation: FederationRecord;
  search: ResultsSearch;
  update: Update;
  query: ScoreQuery;
  /** The numbers are still those of the question before. */
  stale: boolean;
}

const NOBODY = { label: undefined, model: undefined };

const pinnedBy = ({ baseline, baselineModel }: ResultsSearch) => ({ label: baseline, model: baselineModel });

export function ResultsCard({ experiment, results, federation, search, update, query, stale }: Props) {
  const table = useMemo(() => resultTable(results, query.structure ?? null), [results, query.structure]);
  const verdict = useQuery({ ...verdictQuery(experiment.id, query), placeholderData: keepPreviousData });
  const standard = baselineOfVerdict(verdict.data);
  const { label, model } = search.alone ? NOBODY : search.baseline ? pinnedBy(search) : (standard ?? NOBODY);
  const baseline = useMemo(() => baselineOf(label, model, table.rows), [label, model, table.rows]);
  const comparison = useQuery({
    ...comparisonQuery(experiment.id, {
      ...query,
      baseline: baseline?.label ?? "",
      model: baseline?.model ?? "global",
    }),
    enabled: baseline !== null,
    placeholderData: keepPreviousData,
  });
  // While the next comparison is on its way the table shows none, rather than another metric's differences.
  const compared = baseline && !stale && !comparison.isPlaceholderData ? (comparison.data ?? null) : null;
  const sort = useMemo<Sort | null>(
    () => (search.sort ? { column: search.sort, first: search.order ?? "best" } : null),
    [search.sort, search.order],
  );
  const rows = useMemo(() => sortRows(table, sort, results.metric), [table, sort, results.metric]);
  const onSort = useCallback(
    (column: string) => {
      const next = nextSort(sort, column);
      update({ sort: next?.column, order: next?.first === "worst" ? "worst" : undefined });
    },
    [sort, update],
  );
  const onPin = useCallback((row: ResultRow | null) => update(pinning(row)), [update]);
  return (
    <Card withBorder>
      <Stack>
        <Group gap="sm" align="baseline">
          <Title order={2} size="h4">
            {metricTitle(results.metric, results.unit)} on the test cases
          </Title>
          <Text size="sm" c="dimmed">
            {directionWords(results.metric)}
            {results.metric === "nsd" && `, tolerance ${results.nsd_tolerance} mm (px without a spacing)`}
          </Text>
        </Group>
        <Toolbar {...{ experiment, results, query, baseline, sort, update }} rows={table.rows} />
        {baseline && !compared && !comparison.error && (
          <Text size="sm" c="dimmed" role="status">
            Comparing with {baseline.label}…
          </Text>
        )}
        {results.unit === "mixed" && (
          <Alert color="yellow" py="xs" icon={<IconInfoCircle aria-hidden />}>
            Some cases have a spacing and are measured in mm, others in px: their mean says little. Look at one site, or
            at a metric without unit.
          </Alert>
        )}
        {baseline && comparison.error && <ErrorPanel error={comparison.error} title="These cannot be compared" />}
        {hasScores(results) ? (
          <div style={{ opacity: stale ? 0.5 : 1 }} aria-busy={stale}>
            <ResultsTable
              {...{ table, rows, results, federation, sort, baseline }}
              comparison={compared}
              runs={experiment.runs}
              onSort={onSort}
              onPin={onPin}
            />
          </div>
        ) : (
          <Text c="dimmed">No run's last round has been tested. Choose the best round.</Text>
        )}
        <Notes isTest={experiment.kind === "test"} results={results} comparison={compared} federation={federation} />
      </Stack>
    </Card>
  );
}

/** The pinned method with its model; without one, what the method is for, which is its first. null when the method is not in the table. */
function baselineOf(
  label: string | undefined,
  wanted: ResultsSearch["baselineModel"],
  rows: readonly ResultRow[],
): Baseline | null {
  const models = rows.filter((row) => row.strategyLabel === label);
  const row = models.find((entry) => entry.model === wanted) ?? models[0];
  const model = modelOf(row);
  return row && model ? { label: row.strategyLabel, model } : null;
}
