/** Methods against a pinned baseline: which differences are real, and what the test could have found at all. */

import type { Comparison, ComparisonCell } from "@/api";
import { compareScores } from "./metrics";

/** The level that the LaTeX export uses too. */
export const SIGNIFICANCE_LEVEL = 0.05;
export const SIGNIFICANCE_MARK = "†";

export const BASELINE_MODELS = ["global", "personalized", "super"] as const;
export type BaselineModel = (typeof BASELINE_MODELS)[number];

export interface Baseline {
  label: string;
  model: BaselineModel;
}

export type Verdict = "better" | "worse" | "open";

/** The key of a method and one of its models in every table of results. */
export function rowKey(strategyLabel: string, model: string): string {
  return `${strategyLabel}/${model}`;
}

/** Finds a cell by row and site; null stands for all sites that train. */
export function comparisonIndex(comparison: Comparison): (row: string, slug: string | null) => ComparisonCell | null {
  const cells = new Map(
    comparison.cells.map((cell) => [`${rowKey(cell.strategy_label, cell.model)} ${cell.site_slug ?? ""}`, cell]),
  );
  return (row, slug) => cells.get(`${row} ${slug ?? ""}`) ?? null;
}

/** `open`: the test does not tell it from no difference. */
export function verdict(cell: ComparisonCell, comparison: Comparison): Verdict {
  if (cell.difference === null || cell.p_holm === null || cell.p_holm >= SIGNIFICANCE_LEVEL) return "open";
  return compareScores(cell.difference, 0, comparison.metric) > 0 ? "better" : "worse";
}

/** `p < 0.001`, else two significant digits: more would be pretence. */
export function formatP(p: number | null): string {
  if (p === null) return "p –";
  if (p < 0.001) return "p < 0.001";
  return `p = ${p >= 0.995 ? "1" : Number(p.toPrecision(2))}`;
}

/** `n = 12`, `n = 6 to 12`: pairs of cases of one site's tests. */
export function pairsOf(comparison: Comparison, slug: string | null): { low: number; high: number } | null {
  const tested = comparison.cells.filter((cell) => cell.site_slug === slug && cell.num_pairs > 0);
  const counts = tested.map((cell) => cell.num_pairs);
  return counts.length === 0 ? null : { low: Math.min(...counts), high: Math.max(...counts) };
}

export function formatPairs({ low, high }: { low: number; high: number }): string {
  return low === high ? `n = ${low}` : `n = ${low} to ${high}`;
}

/** Sites where no data whatever could have given a significant difference, as the backend says of each test. */
export function hopelessSites(comparison: Comparison): string[] {
  const slugs = [...new Set(comparison.cells.map((cell) => cell.site_slug))];
  return slugs.filter((slug): slug is string => {
    if (slug === null) return false;
    const ofSite = comparison.cells.filter((cell) => cell.site_slug === slug);
    const tests = ofSite.filter((cell) => cell.p !== null);
    return tests.length > 0 && !tests.some((cell) => cell.decidable);
  });
}
