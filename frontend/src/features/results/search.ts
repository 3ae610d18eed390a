/** What the address holds of the results. */

import * as v from "valibot";
import { AGAINST } from "@/lib/against";
import { BASELINE_MODELS } from "@/lib/comparison";
import { METRIC_NAMES } from "@/lib/metrics";
import { choice, flag, numberBetween, text, texts } from "@/lib/search";

export const resultsSearch = v.object({
  metric: choice(METRIC_NAMES),
  /** When left out, it is each run's best round. */
  checkpoint: choice(["last"]),
  /** When left out, it is the mean over structures. */
  structure: text,
  /** The method that the others are compared with, and which of its models. When left out, it is the verdict's. */
  baseline: text,
  baselineModel: choice(BASELINE_MODELS),
  /** Nobody is compared with. */
  alone: flag,
  /** Key of the column that the table is sorted by. */
  sort: text,
  /** When left out, the best is first. */
  order: choice(["worst"]),
  /** Label of the method whose gap to centralized training is taken apart. When left out, it is FedSM. */
  gapMethod: text,
  /** The site whose gap is drawn. When left out, it is that of all sites. */
  gapSite: text,
  /** Id of the run whose matrix and selector are shown. */
  detail: text,
  /** The site whose cases the selector's numbers are of. When left out, they are of all sites that train. */
  site: text,
  /** The threshold at which the super model is looked at. */
  gamma: numberBetween(0, 1),
  /** Ids of the runs whose curves are drawn together. When left out, it is one run of each method. */
  curves: texts,
  /** Labels of the methods whose means over seeds are drawn together. When left out, it is the first ones. */
  methods: texts,
  /**
   * One line a run, or one a method: the mean over its seeds with a band. When left out, results draw one a run, and the
   * table of runs one a method.
   */
  lines: choice(["runs", "methods"]),
  /** What the curves show. When left out, it is the validation Dice. */
  measure: choice(["loss"]),
  /** What the curves are drawn against. When left out, it is the rounds. */
  against: choice(AGAINST),
});

export type ResultsSearch = v.InferOutput<typeof resultsSearch>;
