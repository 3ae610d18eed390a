/** What test cases are scored by: names, directions, units, and numbers as people read them. */

import type { ExperimentResults, ScoreName } from "@/api";
import { scores } from "@/api/tables.json";
import { upperFirst } from "./format";

export interface Metric {
  name: ScoreName;
  label: string;
  higherIsBetter: boolean;
  /** Distances are in mm or px; the others have no unit. */
  isDistance: boolean;
  /** What it measures. */
  meaning: string;
}

/** In the order in which papers report them, as the backend's table has them. */
export const METRICS: readonly Metric[] = scores.map((card) => ({
  name: card.name as ScoreName,
  label: upperFirst(card.label),
  higherIsBetter: !card.lower_is_better,
  isDistance: card.quantity === "distance",
  meaning: card.meaning,
}));

export const METRIC_NAMES: readonly ScoreName[] = METRICS.map((metric) => metric.name);
export const STANDARD_METRIC: ScoreName = "dice";

const BY_NAME = new Map(METRICS.map((metric) => [metric.name, metric]));
const NO_VALUE = "–";
const MINUS = "−";

export function metricOf(name: ScoreName): Metric {
  const metric = BY_NAME.get(name);
  if (!metric) throw new Error(`${name} is no metric of the backend's table: run make openapi`);
  return metric;
}

/** Lengths with two digits, everything else with three. */
export function scoreDigits(name: ScoreName): number {
  return metricOf(name).isDistance ? 2 : 3;
}

/** As the backend prints it (backend/contracts/score_text.py): toFixed, but of two equally near numbers the even one. Only odd multiples
 * of a power of two, as 0.125, lie in the middle. */
function rounded(value: number, digits: number): string {
  if (Math.abs(value * 2 ** (digits + 1)) % 2 !== 1) return value.toFixed(digits);
  const below = Math.floor(value * 10 ** digits);
  return ((below % 2 === 0 ? below : below + 1) / 10 ** digits).toFixed(digits);
}

export function formatScore(value: number | null | undefined, name: ScoreName): string {
  return value === null || value === undefined ? NO_VALUE : rounded(value, scoreDigits(name));
}

/** A difference with its sign; what rounds to zero has none. */
export function formatDifference(value: number | null | undefined, name: ScoreName): string {
  if (value === null || value === undefined) return NO_VALUE;
  const text = rounded(Math.abs(value), scoreDigits(name));
  if (Number(text) === 0) return text;
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
