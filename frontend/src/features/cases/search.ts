/** What the address holds of the viewer. */

import * as v from "valibot";
import { OVERLAY_STYLES } from "@/components/viewer/overlayStyles";
import { CASE_ORDERS } from "@/lib/caseScores";
import { METRIC_NAMES } from "@/lib/metrics";
import { choice, flag, index, indices, number, numberBetween, range, rectangle, text, texts } from "@/lib/search";

export const casesSearch = v.object({
  case: text,
  /** When left out, it is Dice. */
  metric: choice(METRIC_NAMES),
  model: text,
  structure: text,
  site: text,
  /** When left out, test cases are listed. */
  split: choice(["val"]),
  /** When left out, the worst case is first. */
  order: choice(CASE_ORDERS),
  reference: choice(OVERLAY_STYLES),
  prediction: choice(OVERLAY_STYLES),
  opacity: numberBetween(0, 1),
  /** The plane of a volume. When left out, it is axial. */
  plane: choice(["coronal", "sagittal", "all", "3d"]),
  /** The stored values that are black and white. When left out, the viewer chooses them. */
  window: range,
  /** The round whose masks are shown. When left out, it is the best round. */
  round: index,
  /** Part of a case's name. */
  find: text,
  /** The model that the super model used. */
  used: text,
  /** The model that the cases are compared on, of this run or `model@run` of another. */
  against: text,
  /** The part of the scatter that is listed. */
  brush: rectangle,
  /** Only cases that the selector sent to another site's model. */
  wrong: flag,
  /** The lowest score that is listed. */
  from: number,
  /** The highest score that is listed. */
  to: number,
  /** The slice of the plane, counted from 0. When left out, it is the one with the largest error. */
  slice: index,
  /** Indices of structures that are not shown. */
  hidden: indices,
  /** The panes side by side, as `paneList.ts` writes them. When left out, there is one picture. */
  panes: texts,
});

export type CasesSearch = v.InferOutput<typeof casesSearch>;

/** The list with the item put in or taken out; undefined when that leaves none, so that the address stays short. */
export function toggled(list: readonly number[] | undefined, item: number): number[] | undefined {
  const present = list ?? [];
  const next = present.includes(item) ? present.filter((other) => other !== item) : [...present, item].sort();
  return next.length > 0 ? next : undefined;
}
