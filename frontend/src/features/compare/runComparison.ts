/** Runs side by side: what a reader sees of a comparison. */

import type { ComparedScore, ExperimentRecord, Parameter, RunComparison } from "@/api";
import { SIGNIFICANCE_LEVEL } from "@/lib/comparison";
import { humanize } from "@/lib/format";

export const FEWEST_RUNS = 2;
export const MAX_RUNS = 8;

export interface RunChoice {
  group: string;
  items: { value: string; label: string; disabled: boolean }[];
}

/** Every run of the experiments, the newest experiment first; one without scores cannot be chosen. */
export function runChoices(experiments: readonly ExperimentRecord[]): RunChoice[] {
  const names = experiments.map((experiment) => experiment.name);
  return [...experiments]
    .sort((left, right) => right.created_at.localeCompare(left.created_at))
    .map((experiment) => ({
      // Two groups of one name would be shown as one.
      group:
        names.filter((name) => name === experiment.name).length > 1
          ? `${experiment.name} (${experiment.id.slice(0, 6)})`
          : experiment.name,
      items: experiment.runs.map((run) => ({
        value: run.id,
        label: `${run.strategy_label}, seed ${run.seed}${run.status === "completed" ? "" : ` (${run.status})`}`,
        disabled: run.status !== "completed",
      })),
    }));
}

/** Those that differ, or all. */
export function shownParameters(comparison: RunComparison, all: boolean): Parameter[] {
  return all ? comparison.parameters : comparison.parameters.filter((parameter) => parameter.differs);
}

export function isSignificant(score: ComparedScore): boolean {
  return score.p_holm !== null && score.p_holm < SIGNIFICANCE_LEVEL;
}

/** A run is named by its method, its seed and, where they differ, its experiment. */
export function runTitles(comparison: RunComparison): { name: string; experiment: string | null }[] {
  const several = new Set(comparison.runs.map((entry) => entry.run.experiment_id)).size > 1;
  return comparison.runs.map(({ run, experiment_name }) => ({
    name: `${run.strategy_label}, seed ${run.seed}`,
    experiment: several ? experiment_name : null,
  }));
}

/** `strategy.selector.name` as `Selector`: a name is of what it stands in. */
export function parameterTitle(path: string): string {
  const steps = path.split(".");
  const last = steps.at(-1) === "name" ? steps.at(-2) : steps.at(-1);
  return humanize(last === "strategy" ? "method" : (last ?? path));
}
