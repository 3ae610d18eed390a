/** One curve a run, to lay several over each other: the mean over sites, weighted by their cases. */

import type { MetricRecord } from "@/api";
import { plural } from "./format";

export const RUN_MEASURES = ["dice", "loss"] as const;
export type RunMeasure = (typeof RUN_MEASURES)[number];

export interface RunCurve {
  /** What the method is for: its super model, else its personalized one, else the global one. */
  model: string;
  /** Round and value, in order of rounds. */
  points: [number, number][];
}

const SPLITS: Record<RunMeasure, MetricRecord["split"]> = { dice: "val", loss: "train" };
const BY_PURPOSE: readonly string[] = ["super", "personalized", "global"];

/** null before the first number. structure null: the mean over structures; losses have no other. */
export function runCurve(
  metrics: readonly MetricRecord[],
  measure: RunMeasure,
  structure: string | null,
): RunCurve | null {
  const wanted = measure === "loss" ? null : structure;
  const own = metrics.filter(
    (metric) => metric.name === measure && metric.split === SPLITS[measure] && metric.structure === wanted,
  );
  const model = BY_PURPOSE.find((name) => own.some((metric) => metric.model === name));
  if (!model) return null;
  const rounds = new Map<number, Map<string, MetricRecord>>();
  for (const metric of own) {
    if (metric.model !== model) continue;
    // A later metric of the same place replaces the earlier one: a resumed run repeats a round.
    const sites = rounds.get(metric.round) ?? new Map<string, MetricRecord>();
    rounds.set(metric.round, sites.set(metric.site_slug, metric));
  }
  const points = [...rounds].map(([round, sites]): [number, number] => [round, weightedMean([...sites.values()])]);
  return { model, points: points.sort(([left], [right]) => left - right) };
}

export interface SeedBand {
  /** Those that have numbers, of `numRuns`. */
  numSeeds: number;
  numRuns: number;
  low: [number, number][];
  high: [number, number][];
}

/**
 * A method's mean over seeds, with the lowest and the highest of them in each round; null for no curve. A round counts
 * once every seed has it: while some are behind, a mean of the others would say something else than the rounds before.
 * numRuns: all seeds of the method, also those without a number yet.
 */
export function seedMean(curves: readonly RunCurve[], numRuns: number): (RunCurve & { band: SeedBand }) | null {
  const [first] = curves;
  if (!first) return null;
  const later = curves.map(({ points }) => new Map(points));
  const rounds = first.points.map(([round]) => round).filter((round) => later.every((points) => points.has(round)));
  const valuesOf = (round: number) => later.map((points) => points.get(round) ?? Number.NaN);
  const of = (pick: (values: number[]) => number) =>
    rounds.map((round): [number, number] => [round, pick(valuesOf(round))]);
  return {
    model: first.model,
    points: of((values) => values.reduce((sum, value) => sum + value, 0) / values.length),
    band: {
      numSeeds: curves.length,
      numRuns,
      low: of((values) => Math.min(...values)),
      high: of((values) => Math.max(...values)),
    },
  };
}

function weightedMean(metrics: readonly MetricRecord[]): number {
  const weight = metrics.reduce((sum, metric) => sum + metric.num_cases, 0);
  if (weight === 0) return metrics.reduce((sum, metric) => sum + metric.value, 0) / metrics.length;
  return metrics.reduce((sum, metric) => sum + metric.value * metric.num_cases, 0) / weight;
}

/** `mean of 3 seeds`, `mean of 2 of 3 seeds`. */
export function seedWords({ numSeeds, numRuns }: SeedBand): string {
  return `mean of ${numSeeds < numRuns ? `${numSeeds} of ` : ""}${plural(numRuns, "seed")}`;
}

/** The round with the best value, the first of equals; null for no points. */
export function bestPoint(points: readonly [number, number][], measure: RunMeasure): [number, number] | null {
  const better = (value: number, than: number) => (measure === "loss" ? value < than : value > than);
  return points.reduce<[number, number] | null>(
    (best, point) => (best === null || better(point[1], best[1]) ? point : best),
    null,
  );
}
