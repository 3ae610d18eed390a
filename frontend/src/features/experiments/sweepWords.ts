import type { SweepPlan } from "@/api";
import { plural } from "@/lib/format";

/** `2 experiments, 12 runs, 120 rounds`. */
export function sweptWords(plan: SweepPlan): string {
  return [
    plural(plan.experiments.length, "experiment"),
    plural(plan.num_runs, "run"),
    plural(plan.num_rounds, "round"),
  ].join(", ");
}
