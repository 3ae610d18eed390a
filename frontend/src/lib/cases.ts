/** Order and filter of a run's scored cases. */

import type { ScoredCase, ScoreName } from "@/api";
import { metricOf } from "./metrics";

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

/** The model a choice stands for in one case: `personalized` is the model of the case's own site. */
export function modelOfCase(choice: string, scored: ScoredCase): string {
  return choice === "personalized" ? `personalized/${scored.site_slug}` : choice;
}

/**
 * Worst first. Before all stand those that a distance has no value for although a mask holds the structure; last those
 * without the structure in either mask. Equal scores by site and name, so that the order never jumps.
 */
export function worstFirst(
  cases: readonly ScoredCase[],
  choice: string,
  structure: string | null,
  metric: ScoreName,
): ScoredCase[] {
  const badness = (scored: ScoredCase) => {
    const model = modelOfCase(choice, scored);
    const value = caseScore(scored, model, structure, metric);
    if (value !== null) return metricOf(metric).higherIsBetter ? -value : value;
    const missed = caseScore(scored, model, structure, "dice") !== null;
    return missed ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
  };
  const label = (scored: ScoredCase) => `${scored.site_slug}/${scored.name}`;
  return [...cases].sort((left, right) => {
    const difference = badness(right) - badness(left);
    return difference !== 0 && !Number.isNaN(difference) ? difference : label(left).localeCompare(label(right));
  });
}

/** The viewer's choices, in the order in which people ask for them. */
export function modelChoices(models: readonly string[]): string[] {
  const choices = models.includes("super") ? ["super"] : [];
  if (models.some((model) => model.startsWith("personalized/"))) choices.push("personalized");
  if (models.includes("global")) choices.push("global");
  const others = models.filter(
    (model) => model !== "super" && model !== "global" && !model.startsWith("personalized/"),
  );
  return [...choices, ...others];
}

/** The case before or after the current one, staying inside the list. */
export function neighbour(
  cases: readonly ScoredCase[],
  current: string | undefined,
  step: 1 | -1,
): ScoredCase | undefined {
  const at = cases.findIndex((scored) => scored.case_id === current);
  if (at < 0) return cases[0];
  return cases[Math.min(cases.length - 1, Math.max(0, at + step))];
}
