/** Order and filter of a run's scored cases. */

import type { ScoredCase, ScoreName } from "@/api";
import { type CaseOrder, caseScore, modelOfCase } from "@/lib/caseScores";
import { METRIC_NAMES, metricOf } from "@/lib/metrics";

/**
 * Worst first: before all stand those that a distance has no value for although a mask holds the structure; last those
 * without the structure in either mask. Best first is the other way round, but those without the structure stay last.
 * Equal scores by site and name, so that the order never jumps.
 */
export function ordered(
  cases: readonly ScoredCase[],
  choice: string,
  structure: string | null,
  metric: ScoreName,
  order: CaseOrder = "worst",
): ScoredCase[] {
  const badness = (scored: ScoredCase) => {
    const model = modelOfCase(choice, scored);
    const value = caseScore(scored, model, structure, metric);
    if (value !== null) return metricOf(metric).higherIsBetter ? -value : value;
    return caseScore(scored, model, structure, "dice") === null ? null : Number.POSITIVE_INFINITY;
  };
  const keyed = cases.map((scored) => ({ scored, bad: badness(scored), label: `${scored.site_slug}/${scored.name}` }));
  type Keyed = (typeof keyed)[number];
  const byName = (left: Keyed, right: Keyed) => NAMES.compare(left.label, right.label);
  const byScore = (left: Keyed, right: Keyed) => {
    if (left.bad === right.bad) return byName(left, right);
    if (left.bad === null) return 1;
    if (right.bad === null) return -1;
    return (left.bad > right.bad ? -1 : 1) * (order === "best" ? -1 : 1);
  };
  return keyed.sort(order === "name" ? byName : byScore).map(({ scored }) => scored);
}

const NAMES = new Intl.Collator("en", { numeric: true });

export interface CaseFilter {
  site?: string | undefined;
  /** Part of a case's name. */
  find?: string | undefined;
  /** The model that the super model used. */
  used?: string | undefined;
  /** Only cases that went to another site's personalized model. */
  wrong?: boolean | undefined;
  from?: number | undefined;
  to?: number | undefined;
}

/** Whether the super model used the personalized model of another site. */
export function routedWrongly({ chosen_model: chosen, site_slug: site }: ScoredCase): boolean {
  return chosen?.startsWith("personalized/") === true && chosen !== `personalized/${site}`;
}

/** A case without a score is in no range of scores. */
export function filterCases(
  cases: readonly ScoredCase[],
  { site, find, used, wrong, from, to }: CaseFilter,
  scoreOf: (scored: ScoredCase) => number | null,
): ScoredCase[] {
  const wanted = find?.toLowerCase();
  return cases.filter((scored) => {
    if (site && scored.site_slug !== site) return false;
    if (wanted && !scored.name.toLowerCase().includes(wanted)) return false;
    if (used && scored.chosen_model !== used) return false;
    if (wrong && !routedWrongly(scored)) return false;
    if (from === undefined && to === undefined) return true;
    const score = scoreOf(scored);
    return score !== null && score >= (from ?? -Infinity) && score <= (to ?? Infinity);
  });
}

/** All scores of the cases, a line for each case, model and structure. */
export function casesCsv(cases: readonly ScoredCase[], models: readonly string[]): string {
  const header = ["case", "site", "model", "structure", ...METRIC_NAMES, "distance_unit", "super_model_used"];
  const lines = cases.flatMap((scored) =>
    models.flatMap((model) =>
      Object.entries(scored.scores[model] ?? {}).map(([structure, scores]) => [
        scored.name,
        scored.site_slug,
        model,
        structure,
        ...METRIC_NAMES.map((name) => scores[name] ?? ""),
        scored.distance_unit,
        scored.chosen_model ?? "",
      ]),
    ),
  );
  return `${[header, ...lines].map((line) => line.map(csvField).join(",")).join("\r\n")}\r\n`;
}

function csvField(value: string | number | null): string {
  const text = String(value ?? "");
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
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
