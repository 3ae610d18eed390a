/** What a chart of one line a site draws. */

import type { Range } from "@/components/chartRange";
import type { ChartOption } from "@/components/echarts";
import { siteColour, siteLineType } from "@/lib/palette";
import { inView, type Point, smoothed } from "./curveData";
import { siteTooltip } from "./siteTooltip";

export interface DrawnLine {
  name: string;
  /** In the order of colours. */
  position: number;
  points: Point[];
}

interface Look {
  lines: DrawnLine[];
  isLoss: boolean;
  log: boolean;
  /** The weight of the smoothing; 0 draws the numbers as they are. */
  weight: number;
  range: Range;
}

/** With more points than this, marks run into each other, and what lies between pixels need not be drawn. */
const MANY_POINTS = 60;
/** With more lines than this, charts do not move together and points are not marked: both redraw every line. */
export const MANY_ROWS = 12;

export function curveOption({ lines, isLoss, log, weight, range }: Look): ChartOption {
  return {
    grid: { left: 48, right: 16, top: 12, bottom: 34 },
    tooltip: {
      trigger: "axis",
      appendTo: "body",
      confine: false,
      formatter: siteTooltip(
        "round",
        (value) => (Array.isArray(value) ? Number(value[1]) : Number.NaN),
        (value) => value.toFixed(4),
      ),
    },
    xAxis: {
      type: "value",
      name: "round",
      nameLocation: "middle",
      nameGap: 20,
      min: range.from,
      max: range.to,
      minInterval: 1,
      splitLine: { show: false },
      axisPointer: { triggerEmphasis: lines.length <= MANY_ROWS },
    },
    yAxis: isLoss
      ? { type: log ? "log" : "value", scale: true }
      : { type: "value", scale: true, max: ({ max }: { max: number }) => (max > 0.9 ? 1 : null) },
    series: lines.flatMap((line) =>
      weight > 0 ? [drawn(line, range, "raw"), drawn(line, range, "smooth", weight)] : [drawn(line, range)],
    ),
  };
}

/**
 * `raw` lies faint behind the smoothed line and says nothing under the pointer. What is out of view is left out, so that
 * the axis of values follows the zoom; a smoothed value has all before it.
 */
function drawn(
  { name, position, points: all }: DrawnLine,
  range: Range,
  kind: "raw" | "smooth" | "plain" = "plain",
  weight = 0,
) {
  const points = inView(kind === "smooth" ? smoothed(all, weight) : all, range);
  const colour = siteColour(position);
  const faint = kind === "raw";
  const many = points.length > MANY_POINTS;
  return {
    type: "line" as const,
    name: kind === "raw" ? `${name} (raw)` : kind === "smooth" ? `${name} (smoothed ${weight})` : name,
    data: points,
    color: colour,
    lineStyle: {
      color: colour,
      width: faint || many ? 1.2 : 2,
      opacity: faint ? 0.3 : 1,
      type: siteLineType(position),
    },
    silent: faint,
    tooltip: { show: !faint },
    symbol: "circle",
    showSymbol: !many && !faint,
    symbolSize: 5,
    sampling: many ? ("lttb" as const) : undefined,
    animation: false,
  };
}
