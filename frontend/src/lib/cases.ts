/** Order and filter of a run's scored cases. */

import type { ScoredCase } from "@/api";

/** The mean over structures that are in either mask, or one structure's Dice; null where there is none. */
export function caseDice(scored: ScoredCase, model: string, structure: string | null): number | null {
  const scores = scored.dice[model];
  if (!scores) return null;
  if (structure !== null) return scores[structure] ?? null;
  const present = Object.values(scores).filter((value): value is number => value !== null);
  return present.length === 0 ? null : present.reduce((sum, value) => sum + value, 0) / present.length;
}

/** The model a choice stands for in one case: `personalized` is the model of the case's own site. */
export function modelOfCase(choice: string, scored: ScoredCase): string {
  return choice === "personalized" ? `personalized/${scored.site_slug}` : choice;
}

/** Worst first; cases without a score last; equal scores by site and name, so that the order never jumps. */
export function worstFirst(cases: readonly ScoredCase[], choice: string, structure: string | null): ScoredCase[] {
  const score = (scored: ScoredCase) =>
    caseDice(scored, modelOfCase(choice, scored), structure) ?? Number.POSITIVE_INFINITY;
  const label = (scored: ScoredCase) => `${scored.site_slug}/${scored.name}`;
  return [...cases].sort((left, right) => {
    const difference = score(left) - score(right);
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
