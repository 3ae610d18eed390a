/** What the address holds of a data set's page, and of the form for a new one. */

import * as v from "valibot";
import { choice, flag, page, text } from "@/lib/search";
import { SPLITS } from "@/lib/sites";

export const datasetSearch = v.object({
  /** When left out, it is the gallery of used cases. */
  view: choice(["skipped", "patients", "distributions", "history"]),
  split: choice(SPLITS),
  /** Repaired cases alone. */
  repaired: flag,
  /** Part of a case's name. */
  find: text,
  /** Why cases are skipped. */
  reason: text,
  /** The page of the gallery or of a table. */
  page,
  /** Name of the case that is shown large. */
  case: text,
});

export type DatasetSearch = v.InferOutput<typeof datasetSearch>;

/** Slug of the site that the form opens with. */
export const newDatasetSearch = v.object({ site: text });
