/** What the address holds of the list of experiments, and of the setup of one. */

import * as v from "valibot";
import { choice, flag, text, texts } from "@/lib/search";
import { STEPS } from "./steps";

export const EXPERIMENT_STATES = ["running", "over", "not-started", "failed"] as const;
export type ExperimentState = (typeof EXPERIMENT_STATES)[number];
export const EXPERIMENT_ORDERS = ["newest", "oldest", "name", "best"] as const;
export type ExperimentOrder = (typeof EXPERIMENT_ORDERS)[number];

/** What the address holds of a table of runs. */
export const runsSearch = v.object({
  find: text,
  runState: text,
  archived: flag,
  /** Keys of the columns. When left out, they are the usual ones. */
  columns: texts,
  runSort: text,
  runDesc: flag,
  group: text,
});
export type RunsSearch = v.InferOutput<typeof runsSearch>;

export const experimentsSearch = v.object({
  ...runsSearch.entries,
  /** When left out, it is a list of experiments. */
  list: choice(["runs"]),
  state: choice(EXPERIMENT_STATES),
  /** When left out, the newest is first. */
  order: choice(EXPERIMENT_ORDERS),
});

export const setupSearch = v.object({
  /** When left out, it is the first step. */
  step: choice(STEPS),
  /** Id of the experiment that the new one is a copy of. */
  clone: text,
  /** Id of the dry run that is shown. */
  dry: text,
  /** Ids of the dry runs of a sweep's experiments, in their order. */
  dries: texts,
});
