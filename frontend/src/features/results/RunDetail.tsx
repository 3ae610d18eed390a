import { Group, Select, Stack, Text, Title } from "@mantine/core";
import type { ExperimentRecord, ExperimentResults, FederationRecord, RunRecord, ScoreQuery } from "@/api";
import { metricTitle } from "@/lib/metrics";
import { MatrixCard } from "./MatrixCard";
import { chosenRun, hasSelector, runName, testedRuns } from "./runChoice";
import { SelectorOverview } from "./SelectorOverview";
import { SelectorPanel } from "./SelectorPanel";
import type { ResultsSearch } from "./search";
import type { Update } from "./useResultsSearch";

interface Props {
  experiment: ExperimentRecord;
  results: ExperimentResults;
  federation: FederationRecord;
  search: ResultsSearch;
  update: Update;
  query: ScoreQuery;
}

/** One run: every model on every site, and what its selector did. The metric is the table's. */
export function RunDetail({ experiment, results, federation, search, update, query }: Props) {
  const tested = testedRuns(experiment.runs);
  const run = chosenRun(tested, search.detail);
  if (!run) return null;
  return (
    <Stack>
      <Group justify="space-between" align="flex-end" mt="md">
        <div>
          <Title order={2} size="h3">
            One run in detail
          </Title>
          <Text size="sm" c="dimmed">
            {metricTitle(query.metric, results.metric === query.metric ? results.unit : null)},{" "}
            {query.structure ?? "mean over structures"}, {query.checkpoint} round
          </Text>
        </div>
        <Select
          size="xs"
          w={280}
          label="Run"
          searchable={tested.length > 12}
          allowDeselect={false}
          value={run.id}
          onChange={(value) => update({ detail: value ?? undefined, gamma: undefined })}
          data={runOptions(tested)}
        />
      </Group>
      <MatrixCard run={run} federation={federation} query={query} />
      <SelectorOverview selectors={results.selectors} runs={experiment.runs} shown={run.id} update={update} />
      {hasSelector(run) ? (
        <SelectorPanel {...{ run, federation, query, search, update }} />
      ) : (
        <NoSelector run={run} tested={tested} update={update} />
      )}
    </Stack>
  );
}

function runOptions(tested: RunRecord[]) {
  const group = (title: string, runs: RunRecord[]) =>
    runs.length > 0
      ? [{ group: title, items: runs.map((run) => ({ value: run.id, label: runName(run, tested) })) }]
      : [];
  return [
    ...group("With a model selector", tested.filter(hasSelector)),
    ...group(
      "Without",
      tested.filter((run) => !hasSelector(run)),
    ),
  ];
}

function NoSelector({ run, tested, update }: { run: RunRecord; tested: RunRecord[]; update: Update }) {
  const other = tested.find(hasSelector);
  return (
    <Text size="sm" c="dimmed">
      {run.strategy_label} has no model selector.{" "}
      {other && (
        <Text
          component="button"
          type="button"
          size="sm"
          c="var(--mantine-color-anchor)"
          style={{ background: "none", border: 0, padding: 0, cursor: "pointer" }}
          onClick={() => update({ detail: other.id })}
        >
          Look at {runName(other, tested)}
        </Text>
      )}
    </Text>
  );
}
