/** Registered models in words. */

import type { DatasetRecord, ModelSet, RegisteredModelRecord, VersionScore, VersionSummary } from "@/api";
import { formatDice, plural } from "@/lib/format";

/** `0.812 (0.790 to 0.834)` */
export function scoreText(score: VersionScore | null | undefined): string {
  if (score?.dice == null) return "–";
  if (score.low === null || score.high === null) return formatDice(score.dice);
  return `${formatDice(score.dice)} (${formatDice(score.low)} to ${formatDice(score.high)})`;
}

/** The references by which a run's models are registered. */
export function referencesOf(models: readonly RegisteredModelRecord[], runId: string): VersionSummary[] {
  return models.flatMap(({ versions }) => versions.filter(({ run_id }) => run_id === runId));
}

/** What the backend takes as an alias. */
export const ALIAS_RULE = "Up to 40 small letters, digits, blanks, dots, dashes and underscores, a letter first.";

/** The words that are offered for an alias: the usual two, and those that the model has. */
export function aliasChoices(model: RegisteredModelRecord | undefined): string[] {
  return [...new Set(["best", "in use", ...Object.keys(model?.aliases ?? {})])];
}

/** Null where a site can be added in closed form. */
export function whyNoSiteIsAdded(strategy: ModelSet["strategy"]): string | null {
  if (strategy.name !== "fedsm") return "Only the model selector of FedSM can get another site in closed form.";
  if (strategy.selector?.name !== "lda") return "Its model selector is a trained network: another site needs training.";
  if (strategy.routing === "quality")
    return "Its routing is learned from every site's scores: another site needs training.";
  return null;
}

/** The checked data sets to choose from: of the site of the first one, once there is one. */
export function dataOfOneSite(datasets: readonly DatasetRecord[], first: string | undefined) {
  const site = datasets.find(({ id }) => id === first)?.site_slug;
  return datasets
    .filter(({ status, site_slug }) => status === "ready" && (site === undefined || site_slug === site))
    .map(({ id, site_name, name, num_used }) => ({
      value: id,
      label: `${site_name}: ${name} (${plural(num_used, "case")})`,
    }));
}
