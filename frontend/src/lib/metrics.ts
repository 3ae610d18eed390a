/** What test cases are scored by: names, directions, units, and numbers as people read them. */

import type { ExperimentResults, ScoreName } from "@/api";

export interface Metric {
  name: ScoreName;
  label: string;
  higherIsBetter: boolean;
  /** hd95 and assd are lengths; the others have no unit. */
  isDistance: boolean;
  /** What it measures, for whoever has forgotten. */
  meaning: string;
}

/** In the order in which papers report them. */
export const METRICS: readonly Metric[] = [
  measure("dice", "Dice", "Overlap: twice the common part over the sum of both masks."),
  measure("iou", "IoU", "Overlap: the common part over the union of both masks."),
  distance("hd95", "HD95", "The larger of both directed 95th percentiles of distances between the surfaces."),
  measure("nsd", "NSD", "Normalized surface Dice: the share of both surfaces that agree within the tolerance."),
  distance("assd", "ASSD", "The mean distance between the surfaces, both ways."),
  {
    ...measure("volume_difference", "Volume difference", "Difference of the volumes over the reference's; 0 is best."),
    higherIsBetter: false,
  },
  measure("sensitivity", "Sensitivity", "The share of the reference that the prediction holds."),
  measure("precision", "Precision", "The share of the prediction that the reference holds."),
];

export const METRIC_NAMES: readonly ScoreName[] = METRICS.map((metric) => metric.name);
export const STANDARD_METRIC: ScoreName = "dice";

const BY_NAME = new Map(METRICS.map((metric) => [metric.name, metric]));
const NO_VALUE = "–";
const MINUS = "−";

function measure(name: ScoreName, label: string, meaning: string): Metric {
  return { name, label, higherIsBetter: true, isDistance: false, meaning };
}

function distance(name: ScoreName, label: string, meaning: string): Metric {
  return { name, label, higherIsBetter: false, isDistance: true, meaning };
}

export function metricOf(name: ScoreName): Metric {
  const metric = BY_NAME.get(name);
  if (!metric) throw new Error(`${name} is no metric: add it to METRICS in lib/metrics.ts`);
  return metric;
}

/** Lengths with two digits, everything else with three. */
export function scoreDigits(name: ScoreName): number {
  return metricOf(name).isDistance ? 2 : 3;
}

export function formatScore(value: number | null | undefined, name: ScoreName): string {
  return value === null || value === undefined ? NO_VALUE : value.toFixed(scoreDigits(name));
}

/** With its sign; what rounds to nothing has none. */
export function formatDifference(value: number | null | undefined, name: ScoreName): string {
  if (value === null || value === undefined) return NO_VALUE;
  const text = Math.abs(value).toFixed(scoreDigits(name));
  if (Number(text) === 0) return `±${text}`;
  return value < 0 ? `${MINUS}${text}` : `+${text}`;
}

export function arrow(name: ScoreName): "↑" | "↓" {
  return metricOf(name).higherIsBetter ? "↑" : "↓";
}

/** `HD95 in mm ↓`, `Dice ↑`. The unit is that of distances: it depends on what is known of the images. */
export function metricTitle(name: ScoreName, unit: ExperimentResults["unit"] = null): string {
  const { label, isDistance } = metricOf(name);
  const inUnit = !isDistance
    ? ""
    : unit === "mm" || unit === "px"
      ? ` in ${unit}`
      : unit === "mixed"
        ? " in mm or px"
        : "";
  return `${label}${inUnit} ${arrow(name)}`;
}

export function directionWords(name: ScoreName): string {
  return metricOf(name).higherIsBetter ? "higher is better" : "lower is better";
}

/** Positive: the first is better. Whichever has no value is worse. */
export function compareScores(first: number | null, second: number | null, name: ScoreName): number {
  if (first === null || second === null) return Number(first !== null) - Number(second !== null);
  return metricOf(name).higherIsBetter ? first - second : second - first;
}
