/** One curve a run, to lay several over each other: the mean over sites, weighted by their cases. */

import type { CurveSeries, RunCurves } from "@/api";
import { plural } from "./format";

export const RUN_MEASURES = ["dice", "loss"] as const;
export type RunMeasure = (typeof RUN_MEASURES)[number];

export interface RunCurve {
  /** What the method is for: its super model, else its personalized one, else the global one. */
  model: string;
  /** Round and value, in order of rounds. */
  points: [number, number][];
}

/** Of which cases a measure is compared. */
export const SPLITS: Record<RunMeasure, CurveSeries["split"]> = { dice: "val", loss: "train" };
const BY_PURPOSE: readonly string[] = ["super", "personalized", "global"];

interface Measured {
  value: number;
  numCases: number;
}

/** What is known of one measure of a run: a line for each site and model. */
export interface MeasuredLines {
  lastId: number;
  lines: ReadonlyMap<string, { model: string; rounds: ReadonlyMap<number, Measured> }>;
}

/** Adds what is newer; a later value of a round replaces the earlier one, for a resumed run repeats a round. */
export function mergeLines(known: MeasuredLines | undefined, fresh: RunCurves): MeasuredLines {
  if (known && fresh.series.length === 0) return known;
  const lines = new Map(known?.lines);
  for (const { site_slug: site, model, rounds, values, num_cases: cases } of fresh.series) {
    const key = `${model}/${site}`;
    const merged = new Map(lines.get(key)?.rounds);
    rounds.forEach((round, at) => {
      merged.set(round, { value: values[at] as number, numCases: cases[at] as number });
    });
    lines.set(key, { model, rounds: merged });
  }
  return { lastId: fresh.last_id, lines };
}

/** null before the first number. */
export function runCurve(data: MeasuredLines | undefined): RunCurve | null {
  const all = [...(data?.lines.values() ?? [])];
  const model = BY_PURPOSE.find((name) => all.some((line) => line.model === name));
  if (!model) return null;
  const sites = new Map<number, Measured[]>();
  for (const line of all) {
    if (line.model !== model) continue;
    for (const [round, measured] of line.rounds) sites.set(round, [...(sites.get(round) ?? []), measured]);
  }
  const points = [...sites].map(([round, measured]): [number, number] => [round, weightedMean(measured)]);
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

function weightedMean(sites: readonly Measured[]): number {
  const weight = sites.reduce((sum, site) => sum + site.numCases, 0);
  if (weight === 0) return sites.reduce((sum, site) => sum + site.value, 0) / sites.length;
  return sites.reduce((sum, site) => sum + site.value * site.numCases, 0) / weight;
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
