import { Card, Group, MultiSelect, SegmentedControl, Stack, Text, Title } from "@mantine/core";
import { useQueries, useQueryClient } from "@tanstack/react-query";
import { useMemo } from "react";
import { type ExperimentRecord, type RunRecord, runMetricsQuery, type ScoreQuery } from "@/api";
import { Chart } from "@/components/Chart";
import type { ChartOption } from "@/components/echarts";
import { formatDice } from "@/lib/format";
import { siteColour, siteLineType } from "@/lib/palette";
import { firstSeeds, runName } from "@/lib/runChoice";
import { bestPoint, type RunCurve, type RunMeasure, runCurve } from "@/lib/runCurves";
import type { ExperimentSearch } from "@/lib/urlState";
import { modelName } from "@/lib/words";
import classes from "./RunCurves.module.css";
import type { Update } from "./useResultsSearch";

interface Props {
  experiment: ExperimentRecord;
  search: ExperimentSearch;
  update: Update;
  query: ScoreQuery;
}

export interface Line extends RunCurve {
  name: string;
  position: number;
}

/** As many as there are colours. */
const MOST_RUNS = 8;
const LEGEND_ENTRY_PX = 52;

/** Several runs laid over each other. */
export function RunCurves({ experiment, search, update, query }: Props) {
  const client = useQueryClient();
  const shown = chosenRuns(experiment.runs, search.curves);
  const measure = search.measure ?? "dice";
  const metrics = useQueries({ queries: shown.map((run) => runMetricsQuery(run.id, client)) });
  const loading = metrics.some((entry) => entry.isPending);
  const structure = query.structure ?? null;
  const lines = shown.flatMap((run, position): Line[] => {
    const curve = runCurve(metrics[position]?.data ?? [], measure, structure);
    return curve ? [{ ...curve, name: runName(run, experiment.runs), position }] : [];
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
        <MultiSelect
          size="xs"
          aria-label="Runs shown"
          placeholder={shown.length === 0 ? "Choose runs" : undefined}
          searchable={experiment.runs.length > 12}
          maxValues={MOST_RUNS}
          value={shown.map((run) => run.id)}
          onChange={(ids) => update({ curves: ids.length > 0 ? ids : undefined })}
          data={experiment.runs.map((run) => ({ value: run.id, label: runName(run, experiment.runs) }))}
        />
        {lines.length > 0 ? (
          <Lines lines={lines} measure={measure} numRounds={Math.max(...shown.map((run) => run.num_rounds))} />
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
  return (known.length > 0 ? known : firstSeeds(runs)).slice(0, MOST_RUNS);
}

export function Lines({ lines, measure, numRounds }: { lines: Line[]; measure: RunMeasure; numRounds: number }) {
  const drawn = JSON.stringify(lines);
  const option = useMemo(() => curvesOption(JSON.parse(drawn), numRounds), [drawn, numRounds]);
  return (
    <div className={classes.chart}>
      <Chart
        option={option}
        height={Math.max(280, lines.length * LEGEND_ENTRY_PX)}
        label={`${measure === "dice" ? "Validation Dice" : "Training loss"} over rounds, one line a run`}
      />
      <ul className={classes.legend}>
        {lines.map((line) => (
          <LegendEntry key={line.position} line={line} measure={measure} />
        ))}
      </ul>
    </div>
  );
}

function LegendEntry({ line, measure }: { line: Line; measure: RunMeasure }) {
  const best = bestPoint(line.points, measure);
  return (
    <li>
      <Group gap={8} wrap="nowrap" align="flex-start">
        <span
          aria-hidden
          className={classes.stroke}
          style={{ borderTop: `3px ${siteLineType(line.position)} ${siteColour(line.position)}` }}
        />
        <div style={{ minWidth: 0 }}>
          <Text size="sm" lineClamp={2} title={line.name}>
            {line.name}
          </Text>
          <Text size="xs" c="dimmed">
            {modelName(line.model)}
            {best && `, ${formatDice(best[1])} in round ${best[0]}`}
          </Text>
        </div>
      </Group>
    </li>
  );
}

function curvesOption(lines: readonly Line[], numRounds: number): ChartOption {
  return {
    grid: { left: 52, right: 16, top: 12, bottom: 34 },
    tooltip: {
      trigger: "axis",
      confine: true,
      valueFormatter: (value) => (typeof value === "number" ? value.toFixed(3) : "–"),
    },
    xAxis: {
      type: "value",
      name: "round",
      nameLocation: "middle",
      nameGap: 20,
      min: 0,
      max: numRounds,
      minInterval: 1,
      splitLine: { show: false },
    },
    yAxis: { type: "value", scale: true },
    series: lines.map((line) => ({
      type: "line",
      name: line.name,
      data: line.points,
      color: siteColour(line.position),
      lineStyle: { color: siteColour(line.position), width: 2, type: siteLineType(line.position) },
      symbol: "circle",
      symbolSize: line.points.length > 40 ? 0 : 5,
    })),
  };
}
