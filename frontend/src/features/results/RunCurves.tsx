import { Card, Group, MultiSelect, SegmentedControl, Stack, Text, Title } from "@mantine/core";
import { useQueries, useQueryClient } from "@tanstack/react-query";
import { type ExperimentRecord, type RunRecord, runEffortQuery, runMetricsQuery, type ScoreQuery } from "@/api";
import { type Line, Lines } from "@/components/RunLines";
import { AGAINST, AXES, ROUNDS, takenByRound } from "@/lib/against";
import { runCurve } from "@/lib/runCurves";
import { firstSeeds, runName } from "./runChoice";
import type { ResultsSearch } from "./search";
import type { Update } from "./useResultsSearch";

interface Props {
  experiment: ExperimentRecord;
  search: ResultsSearch;
  update: Update;
  query: ScoreQuery;
}

/** Maximum number of runs: the number of colours. */
const MAX_RUNS = 8;

/** Several runs laid over each other. */
export function RunCurves({ experiment, search, update, query }: Props) {
  const client = useQueryClient();
  const shown = chosenRuns(experiment.runs, search.curves);
  const measure = search.measure ?? "dice";
  const metrics = useQueries({ queries: shown.map((run) => runMetricsQuery(run.id, client)) });
  const loading = metrics.some((entry) => entry.isPending);
  const { against } = search;
  const efforts = useQueries({
    queries: shown.map((run) => ({ ...runEffortQuery(run.id, run.round), enabled: against !== undefined })),
  });
  const structure = query.structure ?? null;
  const lines = shown.flatMap((run, position): Line[] => {
    const curve = runCurve(metrics[position]?.data ?? [], measure, structure);
    if (!curve) return [];
    const line = { ...curve, name: runName(run, experiment.runs), position };
    if (!against) return [line];
    const effort = efforts[position]?.data;
    return effort ? [{ ...line, at: takenByRound(effort, against) }] : [];
  });
  return (
    <Card withBorder data-testid="run-curves">
      <Stack gap="sm">
        <Group justify="space-between" align="flex-end">
          <div>
            <Title order={2} size="h4">
              Learning curves
            </Title>
            <Text size="sm" c="dimmed">
              {measure === "dice"
                ? `Validation Dice ↑, ${structure ?? "mean over structures"}, of the model that the method is for`
                : "Training loss ↓ of the model that the method is for"}
              ; mean over sites, weighted by cases
            </Text>
          </div>
          <Group gap="sm">
            <SegmentedControl
              size="xs"
              aria-label="Drawn against"
              value={against ?? "rounds"}
              onChange={(value) => update({ against: AGAINST.find((name) => name === value) })}
              data={[
                { value: "rounds", label: ROUNDS.label },
                ...AGAINST.map((name) => ({ value: name, label: AXES[name].label })),
              ]}
            />
            <SegmentedControl
              size="xs"
              aria-label="Measure"
              value={measure}
              onChange={(value) => update({ measure: value === "loss" ? "loss" : undefined })}
              data={[
                { value: "dice", label: "Validation Dice" },
                { value: "loss", label: "Training loss" },
              ]}
            />
          </Group>
        </Group>
        <MultiSelect
          size="xs"
          aria-label="Runs shown"
          placeholder={shown.length === 0 ? "Choose runs" : undefined}
          searchable={experiment.runs.length > 12}
          maxValues={MAX_RUNS}
          value={shown.map((run) => run.id)}
          onChange={(ids) => update({ curves: ids.length > 0 ? ids : undefined })}
          data={experiment.runs.map((run) => ({ value: run.id, label: runName(run, experiment.runs) }))}
        />
        {lines.length > 0 ? (
          <Lines
            lines={lines}
            measure={measure}
            against={against}
            numRounds={Math.max(...shown.map((run) => run.num_rounds))}
          />
        ) : (
          <Text size="sm" c="dimmed">
            {loading ? "Loading the curves…" : "The first numbers come with the first round's training."}
          </Text>
        )}
      </Stack>
    </Card>
  );
}

/** Those of the address that exist, else one run of each method. */
function chosenRuns(runs: RunRecord[], wanted: readonly string[] | undefined): RunRecord[] {
  const known = (wanted ?? []).flatMap((id) => runs.find((run) => run.id === id) ?? []);
  return (known.length > 0 ? known : firstSeeds(runs)).slice(0, MAX_RUNS);
}
