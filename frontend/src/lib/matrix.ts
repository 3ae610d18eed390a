/** The personalization matrix as it is shown: who is best where, and on which scale the colours are. */

import type { MatrixCell, RunMatrix } from "@/api";
import { plural } from "./format";
import { type HeatScale, heatScale } from "./heat";
import { compareScores, formatScore, scoreDigits } from "./metrics";
import { modelName } from "./words";

export interface MatrixView {
  /** One scale for the whole matrix; null without any value. */
  scale: HeatScale | null;
  /** Models that are best, for each column, by site slug; null is all sites that train. */
  best: Map<string | null, ReadonlySet<string>>;
}

const OWN = "own";

export function matrixView(matrix: RunMatrix): MatrixView {
  const values = matrix.rows.flatMap((row) => row.cells.map((cell) => cell.mean));
  const slugs = [...matrix.sites, null];
  return {
    scale: heatScale(values, matrix.metric),
    best: new Map(slugs.map((slug) => [slug, bestModels(matrix, slug)])),
  };
}

/** What looks equal is equally good; nothing is best where all are equal. */
function bestModels(matrix: RunMatrix, slug: string | null): ReadonlySet<string> {
  const shown = matrix.rows.flatMap((row) => {
    const mean = row.cells.find((cell) => cell.site_slug === slug)?.mean ?? null;
    return mean === null ? [] : [{ model: row.model, mean: Number(mean.toFixed(scoreDigits(matrix.metric))) }];
  });
  if (new Set(shown.map(({ mean }) => mean)).size < 2) return new Set();
  const best = shown.reduce((first, second) =>
    compareScores(second.mean, first.mean, matrix.metric) > 0 ? second : first,
  );
  return new Set(shown.filter(({ mean }) => mean === best.mean).map(({ model }) => model));
}

export function matrixRowName(model: string, siteName: (slug: string) => string): string {
  return model === OWN ? "Oracle routing" : modelName(model, siteName);
}

/** True for the model of the site whose cases these are. */
export function isOwnModel(model: string, slug: string | null): boolean {
  return slug !== null && model === `personalized/${slug}`;
}

/** True for rows that choose among the models above them. */
export function isRouting(model: string): boolean {
  return model === OWN || model === "super";
}

/** The viewer's name of a row's model on a site's cases. */
export function viewerModel(model: string, slug: string | null): string {
  return model === OWN || isOwnModel(model, slug) ? "personalized" : model;
}

export function matrixCellWords(cell: MatrixCell, model: string, place: string, matrix: RunMatrix): string {
  const lines = [`${model} on ${place}: ${formatScore(cell.mean, matrix.metric)}`, plural(cell.num_cases, "case")];
  if (cell.num_missing > 0)
    lines.push(`${plural(cell.num_missing, "case")} without the structure in either mask, left out`);
  if (cell.num_misses > 0) lines.push(`${plural(cell.num_misses, "miss", "misses")}: one of the two masks is empty`);
  return lines.join("\n");
}
