/** What the address holds of the list of experiments, and of the setup of one. */

import * as v from "valibot";
import { choice, flag, text } from "@/lib/search";
import { STEPS } from "./steps";

export const EXPERIMENT_STATES = ["running", "over", "not-started", "failed"] as const;
export type ExperimentState = (typeof EXPERIMENT_STATES)[number];
export const EXPERIMENT_ORDERS = ["newest", "oldest", "name", "best"] as const;
export type ExperimentOrder = (typeof EXPERIMENT_ORDERS)[number];

export const experimentsSearch = v.object({
  find: text,
  state: choice(EXPERIMENT_STATES),
  /** When left out, the newest is first. */
  order: choice(EXPERIMENT_ORDERS),
  archived: flag,
});

export const setupSearch = v.object({
  /** When left out, it is the first step. */
  step: choice(STEPS),
  /** Id of the experiment that the new one is a copy of. */
  clone: text,
  /** Id of the dry run that is shown. */
  dry: text,
});
