/** How the used cases of a data set are distributed: what its charts show. */

import type { CaseRecord } from "@/api";

export interface Bins {
  labels: string[];
  counts: number[];
}

const NUM_BINS = 16;

/** Equal bins from the smallest to the largest value; one bin where all are equal. */
export function histogram(values: readonly number[], digits: number): Bins {
  if (values.length === 0) return { labels: [], counts: [] };
  const [low, high] = [Math.min(...values), Math.max(...values)];
  if (low === high) return { labels: [low.toFixed(digits)], counts: [values.length] };
  const width = (high - low) / NUM_BINS;
  const counts = new Array<number>(NUM_BINS).fill(0);
  for (const value of values) {
    const bin = Math.min(NUM_BINS - 1, Math.floor((value - low) / width));
    counts[bin] = (counts[bin] ?? 0) + 1;
  }
  const edge = (bin: number) => (low + bin * width).toFixed(digits);
  return { labels: counts.map((_, bin) => `${edge(bin)}–${edge(bin + 1)}`), counts };
}

/** Digits that tell the bins of these values apart. */
export function digitsFor(values: readonly number[]): number {
  const range = values.length > 0 ? Math.max(...values) - Math.min(...values) : 0;
  if (range === 0) return values.every(Number.isInteger) ? 0 : 2;
  return Math.max(0, Math.min(4, Math.ceil(-Math.log10(range / NUM_BINS))));
}

/** The most common image sizes, and all others together. */
export function commonSizes(cases: readonly CaseRecord[], most = 8): Bins {
  const counts = new Map<string, number>();
  for (const { depth, height, width } of cases) {
    if (height === null || width === null) continue;
    const size = [depth, height, width].filter((length) => length !== null).join(" × ");
    counts.set(size, (counts.get(size) ?? 0) + 1);
  }
  const sorted = [...counts].sort(([, left], [, right]) => right - left);
  const shown = sorted.slice(0, most);
  const others = sorted.slice(most);
  if (others.length > 0) {
    const total = others.reduce((sum, [, count]) => sum + count, 0);
    shown.push([`${others.length} other sizes`, total]);
  }
  return { labels: shown.map(([size]) => size), counts: shown.map(([, count]) => count) };
}

/** Lengths of a voxel's or pixel's side in mm: of each axis in array order, of the cases that know it. */
export function spacings(cases: readonly CaseRecord[]): { axis: string; values: number[] }[] {
  const known = cases.flatMap(({ spacing }) => (spacing ? [spacing] : []));
  const names = known[0]?.length === 3 ? ["Between slices", "Rows", "Columns"] : ["Rows", "Columns"];
  if (known.length === 0) return [];
  return names.map((axis, index) => ({ axis, values: known.flatMap((spacing) => spacing[index] ?? []) }));
}

export interface StructureDistribution {
  structure: string;
  numPresent: number;
  prevalence: number;
  /** Sizes of the cases that have the structure: ml in a volume, pixels in a picture. */
  sizes: number[];
}

export function structureDistributions(
  cases: readonly CaseRecord[],
  structures: readonly string[],
): StructureDistribution[] {
  return structures.map((structure) => {
    const sizes = cases.flatMap((row) => row.structure_sizes[structure] ?? []).filter((size) => size > 0);
    return {
      structure,
      numPresent: sizes.length,
      prevalence: cases.length > 0 ? sizes.length / cases.length : 0,
      sizes,
    };
  });
}
