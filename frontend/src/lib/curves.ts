/** Metrics as charts: one chart for each measure and model, one line a site. */

import type { MetricRecord } from "@/api";
import { modelName } from "./words";

export interface Line {
  site: string;
  /** Round and value, in order of rounds. */
  points: [number, number][];
}

export interface Curve {
  key: string;
  title: string;
  measure: MetricRecord["name"];
  model: string;
  lines: Line[];
}

const MEASURES: { name: MetricRecord["name"]; split: string; title: string }[] = [
  { name: "dice", split: "val", title: "Validation Dice ↑" },
  { name: "loss", split: "train", title: "Training loss ↓" },
  { name: "loss", split: "val", title: "Validation loss ↓" },
  { name: "accuracy", split: "val", title: "Right site named, validation ↑" },
  { name: "share_global", split: "val", title: "Cases sent to the global model" },
];
const MODELS = ["super", "personalized", "global", "selector"];

/** Only the means over structures; a later metric of the same place replaces the earlier one. */
export function curves(metrics: readonly MetricRecord[], order: readonly string[]): Curve[] {
  const values = new Map<string, Map<string, Map<number, number>>>();
  for (const metric of metrics) {
    if (metric.structure !== null) continue;
    const key = `${metric.name}/${metric.split}/${metric.model}`;
    const sites = values.get(key) ?? new Map<string, Map<number, number>>();
    const points = sites.get(metric.site_slug) ?? new Map<number, number>();
    values.set(key, sites.set(metric.site_slug, points.set(metric.round, metric.value)));
  }
  const place = (site: string) => (order.includes(site) ? order.indexOf(site) : order.length);
  return MEASURES.flatMap(({ name, split, title }) =>
    MODELS.flatMap((model): Curve[] => {
      const key = `${name}/${split}/${model}`;
      const sites = values.get(key);
      if (!sites) return [];
      const lines = [...sites]
        .sort(([left], [right]) => place(left) - place(right))
        .map(([site, points]) => ({ site, points: [...points].sort(([left], [right]) => left - right) }));
      return [
        {
          key,
          title: model === "selector" ? title : `${title}, ${modelName(model).toLowerCase()}`,
          measure: name,
          model,
          lines,
        },
      ];
    }),
  );
}
