/** The personalization matrix as it is shown: names, and on which scale the colours are. */

import type { MatrixCell, RunMatrix } from "@/api";
import { plural } from "@/lib/format";
import { type HeatScale, heatScale } from "@/lib/heat";
import { modelName } from "@/lib/words";

export interface MatrixView {
  /** One scale for the whole matrix; null without any value. */
  scale: HeatScale | null;
}

const OWN = "own";

export function matrixView(matrix: RunMatrix): MatrixView {
  const values = matrix.rows.flatMap((row) => row.cells.map((cell) => cell.mean));
  return { scale: heatScale(values, matrix.metric) };
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

export function matrixCellWords(cell: MatrixCell, model: string, place: string): string {
  const lines = [`${model} on ${place}: ${cell.text}`, plural(cell.num_cases, "case")];
  if (cell.num_missing > 0)
    lines.push(`${plural(cell.num_missing, "case")} without the structure in either mask, left out`);
  if (cell.num_misses > 0) lines.push(`${plural(cell.num_misses, "miss", "misses")}: one of the two masks is empty`);
  return lines.join("\n");
}
