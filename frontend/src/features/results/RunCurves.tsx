import { Card, Group, MultiSelect, SegmentedControl, Stack, Text, Title } from "@mantine/core";
import { useQueries, useQueryClient } from "@tanstack/react-query";
import { type ExperimentRecord, type RunRecord, runEffortQuery, type ScoreQuery } from "@/api";
import { type Line, Lines } from "@/components/RunLines";
import { AGAINST, AXES, ROUNDS, takenByRound } from "@/lib/against";
import { runCurve, seedMean } from "@/lib/runCurves";
import { runLinesQuery } from "@/lib/runLinesQuery";
import { isOver } from "@/lib/status";
import { chosenMethods, firstSeeds, methodsOf, runName } from "./runChoice";
import type { ResultsSearch } from "./search";
import type { Update } from "./useResultsSearch";

interface Props {
  experiment: ExperimentRecord;
  search: ResultsSearch;
  update: Update;
  query: Pick<ScoreQuery, "structure">;
  /** One line for each, where the address does not say. */
  standard?: "runs" | "methods";
}

/** Maximum number of lines: the number of colours. */
const MAX_LINES = 8;

/** Several runs laid over each other. */
export function RunCurves({ experiment, search, update, query, standard = "runs" }: Props) {
  const client = useQueryClient();
  const eachLine = search.lines ?? standard;
  const bands = manySeeds(experiment.runs) && eachLine === "methods";
  const chosen = chosenRuns(experiment.runs, search.curves);
  const methods = chosenMethods(experiment.runs, search.methods, MAX_LINES);
  const shown = bands ? experiment.runs.filter((run) => methods.includes(run.strategy_label)) : chosen;
  const measure = search.measure ?? "dice";
  const structure = query.structure ?? null;
  const measured = useQueries({ queries: shown.map((run) => runLinesQuery(run.id, measure, structure, client)) });
  const loading = measured.some((entry) => entry.isPending);
  const against = bands ? undefined : search.against;
  const efforts = useQueries({
    queries: shown.map((run) => ({ ...runEffortQuery(run.id, run.round), enabled: against !== undefined })),
  });
  const curvesOf = (label: string) =>
    shown.flatMap((run, index) => (run.strategy_label === label ? (runCurve(measured[index]?.data) ?? []) : []));
  const byMethod = methods.flatMap((name, position): Line[] => {
    const numRuns = shown.filter((run) => run.strategy_label === name).length;
    const mean = bands ? seedMean(curvesOf(name), numRuns) : null;
    return mean ? [{ ...mean, name, position }] : [];
  });
  const byRun = chosen.flatMap((run, position): Line[] => {
    const curve = runCurve(measured[position]?.data);
    if (!curve) return [];
    const line = { ...curve, name: runName(run, experiment.runs), position };
    if (!against) return [line];
    const effort = efforts[position]?.data;
    return effort ? [{ ...line, at: takenByRound(effort, against) }] : [];
  });
  const lines = bands ? byMethod : byRun;
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
            {manySeeds(experiment.runs) && (
              <SegmentedControl
                size="xs"
                aria-label="One line for each"
                value={eachLine}
                onChange={(value) =>
                  update({ lines: value === standard ? undefined : value === "methods" ? "methods" : "runs" })
                }
                data={[
                  { value: "runs", label: "Run" },
                  { value: "methods", label: "Method, over seeds" },
                ]}
              />
            )}
            <SegmentedControl
              size="xs"
              disabled={bands}
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
        {bands && (
          <Text size="xs" c="dimmed">
            Mean over the seeds of each method, in a band from the lowest to the highest seed; of the rounds that all
            its seeds with numbers have finished.
          </Text>
        )}
        {bands ? (
          <ShownMethods all={methodsOf(experiment.runs)} shown={methods} update={update} />
        ) : (
          <MultiSelect
            size="xs"
            aria-label="Runs shown"
            placeholder={shown.length === 0 ? "Choose runs" : undefined}
            searchable={experiment.runs.length > 12}
            maxValues={MAX_LINES}
            value={shown.map((run) => run.id)}
            onChange={(ids) => update({ curves: ids.length > 0 ? ids : undefined })}
            data={experiment.runs.map((run) => ({ value: run.id, label: runName(run, experiment.runs) }))}
          />
        )}
        {lines.length > 0 ? (
          <Lines
            lines={lines}
            measure={measure}
            against={against}
            numRounds={Math.max(...shown.map((run) => run.num_rounds))}
          />
        ) : (
          <Text size="sm" c="dimmed">
            {loading
              ? "Loading the curves…"
              : shown.length > 0 && shown.every(isOver)
                ? "The runs ended before a round gave numbers."
                : "The first numbers come with the first round's training."}
          </Text>
        )}
      </Stack>
    </Card>
  );
}

function ShownMethods({ all, shown, update }: { all: string[]; shown: string[]; update: Update }) {
  const left = all.length - shown.length;
  return (
    <MultiSelect
      size="xs"
      aria-label="Methods shown"
      description={left > 0 && `${left} of ${all.length} methods are left out; at most ${MAX_LINES} are drawn.`}
      searchable={all.length > 12}
      maxValues={MAX_LINES}
      value={shown}
      onChange={(labels) => update({ methods: labels.length > 0 ? labels : undefined })}
      data={all}
    />
  );
}

function manySeeds(runs: readonly RunRecord[]): boolean {
  return methodsOf(runs).length < runs.length;
}

/** Those of the address that exist, else one run of each method. */
function chosenRuns(runs: RunRecord[], wanted: readonly string[] | undefined): RunRecord[] {
  const known = (wanted ?? []).flatMap((id) => runs.find((run) => run.id === id) ?? []);
  return (known.length > 0 ? known : firstSeeds(runs)).slice(0, MAX_LINES);
}
