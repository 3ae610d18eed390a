/** One number of a case, and the orders in which cases are listed. */

import type { ScoredCase, ScoreName } from "@/api";

/** How cases may be ordered; worst first is the usual one. */
export const CASE_ORDERS = ["worst", "best", "name"] as const;
export type CaseOrder = (typeof CASE_ORDERS)[number];

/** The mean over the structures that have a value, or one structure's; null where there is none. */
export function caseScore(
  scored: ScoredCase,
  model: string,
  structure: string | null,
  metric: ScoreName,
): number | null {
  const scores = scored.scores[model];
  if (!scores) return null;
  const structures = structure === null ? Object.keys(scores) : [structure];
  const present = structures
    .map((name) => scores[name]?.[metric] ?? null)
    .filter((value): value is number => value !== null);
  return present.length === 0 ? null : present.reduce((sum, value) => sum + value, 0) / present.length;
}

/** The model a choice stands for in one case: `personalized`, of any run, is the model of the case's own site. */
export function modelOfCase(choice: string, scored: ScoredCase): string {
  return choice.replace(/^personalized(?=$|@)/, `personalized/${scored.site_slug}`);
}
