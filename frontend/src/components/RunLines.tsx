import { Group, Text } from "@mantine/core";
import { useMemo } from "react";
import { type Against, AXES, ROUNDS } from "@/lib/against";
import { formatDice } from "@/lib/format";
import { siteColour, siteLineType } from "@/lib/palette";
import { bestPoint, type RunCurve, type RunMeasure, type SeedBand, seedWords } from "@/lib/runCurves";
import { modelName } from "@/lib/words";
import { bandSeries } from "./bandSeries";
import { Chart } from "./Chart";
import type { ChartOption } from "./echarts";
import classes from "./RunLines.module.css";

export interface Line extends RunCurve {
  name: string;
  position: number;
  /** Round to the place on the x-axis. When left out, it is the round. */
  at?: Record<number, number>;
  /** Of the mean over seeds: between the lowest and the highest seed. */
  band?: SeedBand;
}

const LEGEND_ENTRY_PX = 52;

interface Props {
  lines: Line[];
  measure: RunMeasure;
  numRounds: number;
  /** What the lines are drawn against. When left out, it is the rounds. */
  against?: Against;
}

/** Curves of several runs in one chart, each named with its best round. */
export function Lines({ lines, measure, numRounds, against }: Props) {
  const drawn = JSON.stringify(lines);
  const option = useMemo(() => curvesOption(JSON.parse(drawn), numRounds, against), [drawn, numRounds, against]);
  return (
    <div className={classes.chart}>
      <Chart
        option={option}
        height={Math.max(280, lines.length * LEGEND_ENTRY_PX)}
        label={`${measure === "dice" ? "Validation Dice" : "Training loss"} against ${against ? AXES[against].name : "rounds"}, one line a ${lines.some(({ band }) => band) ? "method" : "run"}`}
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
            {line.band && `, ${seedWords(line.band)}`}
            {best && `, ${formatDice(best[1])} in round ${best[0]}`}
          </Text>
        </div>
      </Group>
    </li>
  );
}

function curvesOption(lines: readonly Line[], numRounds: number, against?: Against): ChartOption {
  const axis = against ? AXES[against] : ROUNDS;
  return {
    grid: { left: 52, right: 16, top: 12, bottom: 34 },
    tooltip: {
      trigger: "axis",
      confine: true,
      valueFormatter: (value) => (typeof value === "number" ? value.toFixed(3) : "–"),
    },
    xAxis: {
      type: "value",
      name: axis.name,
      nameLocation: "middle",
      nameGap: 20,
      min: 0,
      ...(against ? { axisLabel: { formatter: axis.format } } : { max: numRounds, minInterval: 1 }),
      splitLine: { show: false },
    },
    yAxis: { type: "value", scale: true },
    series: lines.flatMap((line): ChartSeries[] => [
      ...(line.band ? bandSeries(line.name, line.band, siteColour(line.position)) : []),
      {
        type: "line",
        name: line.name,
        data: placed(line),
        color: siteColour(line.position),
        lineStyle: { color: siteColour(line.position), width: 2, type: siteLineType(line.position) },
        symbol: "circle",
        symbolSize: line.points.length > 40 ? 0 : 5,
      },
    ]),
  };
}

type ChartSeries = NonNullable<Extract<ChartOption["series"], unknown[]>>[number];

/** Where a round has no place on the axis, it has no point. */
function placed({ points, at }: Line): [number, number][] {
  if (!at) return points;
  return points.flatMap(([round, value]): [number, number][] => {
    const place = at[round];
    return place === undefined ? [] : [[place, value]];
  });
}
