/** Two models on the same cases: where the first loses most. */

import type { ScoredCase, ScoreName } from "@/api";
import { type CaseOrder, caseScore, modelOfCase } from "./caseScores";
import { compareScores } from "./metrics";

export interface ComparedCase {
  scored: ScoredCase;
  first: number | null;
  second: number | null;
  /** The first less the second; null where one has no value. */
  difference: number | null;
}

export function comparedCases(
  cases: readonly ScoredCase[],
  first: string,
  second: string,
  structure: string | null,
  metric: ScoreName,
): ComparedCase[] {
  return cases.map((scored) => {
    const own = caseScore(scored, modelOfCase(first, scored), structure, metric);
    const other = caseScore(scored, modelOfCase(second, scored), structure, metric);
    return { scored, first: own, second: other, difference: own === null || other === null ? null : own - other };
  });
}

const NAMES = new Intl.Collator("en", { numeric: true });

/** Worst losses of the first model before all others; cases that cannot be compared stay last. */
export function orderedByDifference(
  cases: readonly ComparedCase[],
  metric: ScoreName,
  order: CaseOrder = "worst",
): ComparedCase[] {
  const byName = (left: ComparedCase, right: ComparedCase) =>
    NAMES.compare(`${left.scored.site_slug}/${left.scored.name}`, `${right.scored.site_slug}/${right.scored.name}`);
  return [...cases].sort((left, right) => {
    if (order === "name") return byName(left, right);
    if (left.difference === null || right.difference === null || left.difference === right.difference) {
      return Number(left.difference === null) - Number(right.difference === null) || byName(left, right);
    }
    const better = compareScores(left.difference, right.difference, metric);
    return order === "best" ? -better : better;
  });
}

/** A rectangle of the scatter: lowest and highest of the first model's score, then of the second's. */
export type Brush = [number, number, number, number];

export function inBrush({ first, second }: ComparedCase, brush: Brush | undefined): boolean {
  if (!brush) return true;
  const [low, high, lowSecond, highSecond] = brush;
  return (
    first !== null && second !== null && first >= low && first <= high && second >= lowSecond && second <= highSecond
  );
}

/** How many cases each model is better at. */
export function tally(
  cases: readonly ComparedCase[],
  metric: ScoreName,
): { better: number; worse: number; equal: number } {
  const signs = cases.flatMap(({ difference }) =>
    difference === null ? [] : [Math.sign(compareScores(difference, 0, metric))],
  );
  const count = (sign: number) => signs.filter((other) => other === sign).length;
  return { better: count(1), worse: count(-1), equal: count(0) };
}
