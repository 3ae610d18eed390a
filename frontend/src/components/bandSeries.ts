/** A band between two lines, as parts of a chart: its edges hold the numbers, the area between them only the colour. */

import type { CustomSeriesOption, LineSeriesOption } from "echarts/charts";
import type { SeedBand } from "@/lib/runCurves";

const OPACITY = 0.16;

export function bandSeries(name: string, band: SeedBand, color: string): (LineSeriesOption | CustomSeriesOption)[] {
  const outline = [...band.high, ...[...band.low].reverse()];
  return [
    {
      type: "custom",
      silent: true,
      clip: true,
      color,
      tooltip: { show: false },
      data: outline,
      renderItem: ({ dataIndexInside }, api) =>
        dataIndexInside === 0
          ? {
              type: "polygon",
              shape: { points: outline.map((point) => api.coord(point)) },
              style: { fill: String(api.visual("color")), opacity: OPACITY },
            }
          : null,
    },
    edge(`${name}, lowest seed`, band.low, color),
    edge(`${name}, highest seed`, band.high, color),
  ];
}

function edge(name: string, data: [number, number][], color: string): LineSeriesOption {
  return { type: "line", name, data, color, symbol: "none", lineStyle: { color, width: 1, opacity: 0.45 } };
}
