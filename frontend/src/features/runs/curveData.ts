/** Metrics as charts: one chart for each measure and model, one line a site. */

import type { CurveSeries, RunCurves } from "@/api";
import type { Range } from "@/components/chartRange";
import { modelName } from "@/lib/words";

/** Round and value, in order of rounds. */
export type Point = [number, number];

export interface Line {
  site: string;
  points: Point[];
}

export interface Curve {
  key: string;
  title: string;
  measure: CurveSeries["name"];
  model: string;
  lines: Line[];
}

/** What is known of a run's curves: each line under the key of its site, model, split and name. */
export interface CurveData {
  lastId: number;
  lines: ReadonlyMap<string, { series: CurveSeries; points: Point[] }>;
}

const MEASURES: { name: CurveSeries["name"]; split: string; title: string }[] = [
  { name: "dice", split: "val", title: "Validation Dice ↑" },
  { name: "loss", split: "train", title: "Training loss ↓" },
  { name: "loss", split: "val", title: "Validation loss ↓" },
  { name: "accuracy", split: "val", title: "Right site named, validation ↑" },
  { name: "share_global", split: "val", title: "Cases sent to the global model" },
];
const MODELS = ["super", "personalized", "global", "selector"];

/** Adds what is newer; a later value of a round replaces the earlier one, for a resumed run repeats a round. */
export function mergeCurves(known: CurveData | undefined, fresh: RunCurves): CurveData {
  if (known && fresh.series.length === 0) return known;
  const lines = new Map(known?.lines);
  for (const series of fresh.series) {
    const key = [series.site_slug, series.model, series.split, series.name].join("/");
    const before = lines.get(key)?.points ?? [];
    lines.set(key, { series, points: mergePoints(before, series) });
  }
  return { lastId: fresh.last_id, lines };
}

function mergePoints(before: readonly Point[], series: CurveSeries): Point[] {
  const values = new Map(before);
  series.rounds.forEach((round, index) => {
    values.set(round, series.values[index] as number);
  });
  return [...values].sort(([left], [right]) => left - right);
}

export function curves(data: CurveData, order: readonly string[]): Curve[] {
  const places = new Map(order.map((site, place) => [site, place]));
  const place = (line: Line) => places.get(line.site) ?? order.length;
  const all = [...data.lines.values()];
  return MEASURES.flatMap(({ name, split, title }) =>
    MODELS.flatMap((model): Curve[] => {
      const lines = all
        .filter(({ series }) => series.name === name && series.split === split && series.model === model)
        .map(({ series, points }) => ({ site: series.site_slug, points }))
        .sort((left, right) => place(left) - place(right));
      if (lines.length === 0) return [];
      const full = model === "selector" ? title : `${title}, ${modelName(model).toLowerCase()}`;
      return [{ key: `${name}/${split}/${model}`, title: full, measure: name, model, lines }];
    }),
  );
}

/** An exponential moving average as TensorBoard draws it: each value keeps `weight` (0 to 1) of the average before it,
 * and the start is corrected for having no values before it. */
export function smoothed(points: readonly Point[], weight: number): Point[] {
  let last = 0;
  let kept = 1;
  return points.map(([round, value]) => {
    last = last * weight + (1 - weight) * value;
    kept *= weight;
    return [round, last / (1 - kept)];
  });
}

/** All charts as one table of numbers, as they are recorded: without smoothing. */
export function curvesCsv(charts: readonly Curve[]): string {
  const rows = charts.flatMap((chart) =>
    chart.lines.flatMap((line) =>
      line.points.map(([round, value]) => `${chart.key.split("/").join(",")},${line.site},${round},${value}`),
    ),
  );
  return ["measure,split,model,site,round,value", ...rows, ""].join("\n");
}

export function inView(points: readonly Point[], { from, to }: Range): Point[] {
  return points.filter(([round]) => round >= from && round <= to);
}
