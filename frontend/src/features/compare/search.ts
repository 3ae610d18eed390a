/** What the address holds of the comparison of runs. */

import * as v from "valibot";
import { METRIC_NAMES } from "@/lib/metrics";
import { choice, flag, rectangle, text, texts } from "@/lib/search";

export const compareSearch = v.object({
  /** Ids of the runs; the first is what the others are compared with. */
  runs: texts,
  metric: choice(METRIC_NAMES),
  checkpoint: choice(["last"]),
  structure: text,
  /** Settings that are equal in all runs too. */
  all: flag,
  /** Id of the run whose cases stand against the first run's. When left out, it is the second. */
  other: text,
  /** The part of the scatter of cases that is listed. */
  brush: rectangle,
});

export type CompareSearch = v.InferOutput<typeof compareSearch>;
