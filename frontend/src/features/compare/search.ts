/** What the address holds of the comparison of runs. */

import * as v from "valibot";
import { METRIC_NAMES } from "@/lib/metrics";
import { choice, flag, text, texts } from "@/lib/search";

export const compareSearch = v.object({
  /** Ids of the runs; the first is what the others are compared with. */
  runs: texts,
  metric: choice(METRIC_NAMES),
  checkpoint: choice(["last"]),
  structure: text,
  /** Settings that are equal in all runs too. */
  all: flag,
});

export type CompareSearch = v.InferOutput<typeof compareSearch>;
