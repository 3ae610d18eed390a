/** Which run's matrix and selector are shown. */

import type { RunRecord } from "@/api";

/** Methods that choose a model for each case. */
export function hasSelector(run: Pick<RunRecord, "strategy">): boolean {
  return run.strategy.name === "fedsm";
}

/** Finished runs only: the others have not been tested. */
export function testedRuns(runs: readonly RunRecord[]): RunRecord[] {
  return runs.filter((run) => run.status === "completed");
}

/** The wanted one, else the first with a selector, else the first. */
export function chosenRun(tested: readonly RunRecord[], wanted: string | undefined): RunRecord | undefined {
  return tested.find((run) => run.id === wanted) ?? tested.find(hasSelector) ?? tested[0];
}

/** Labels, in order. */
export function methodsOf(runs: readonly RunRecord[]): string[] {
  return [...new Set(runs.map((run) => run.strategy_label))];
}

/** Those that are wanted and exist, else the first; at most as many as there is room for. */
export function chosenMethods(runs: readonly RunRecord[], wanted: readonly string[] | undefined, most: number) {
  const all = methodsOf(runs);
  const known = (wanted ?? []).filter((label) => all.includes(label));
  return (known.length > 0 ? known : all).slice(0, most);
}

/** One run of each method. */
export function firstSeeds(runs: readonly RunRecord[]): RunRecord[] {
  return runs.filter((run, index) => runs.findIndex((other) => other.strategy_label === run.strategy_label) === index);
}

/** The run's name; it has the seed only when the method has several. */
export function runName(run: RunRecord, runs: readonly RunRecord[]): string {
  const seeds = runs.filter((other) => other.strategy_label === run.strategy_label).length;
  return seeds > 1 ? `${run.strategy_label}, seed ${run.seed}` : run.strategy_label;
}

/** Runs without a result, in the words of what became of them; the failed ones first. */
export interface MissingRun {
  run: RunRecord;
  words: string;
  failed: boolean;
}

export function missingRuns(runs: readonly RunRecord[]): MissingRun[] {
  const missing = runs
    .filter((run) => run.status !== "completed")
    .map((run) => ({ run, words: `${runName(run, [...runs])} ${fate(run)}`, failed: isLost(run) }));
  return missing.sort((left, right) => Number(right.failed) - Number(left.failed));
}

function isLost(run: RunRecord): boolean {
  return run.status === "failed" || run.status === "cancelled";
}

function fate(run: RunRecord): string {
  switch (run.status) {
    case "failed":
      return `failed in round ${run.round}`;
    case "cancelled":
      return "was cancelled";
    case "created":
      return "has not been started";
    case "queued":
      return "waits for a worker";
    case "evaluating":
      return "is being tested";
    case "paused":
      return `is paused in round ${run.round} of ${run.num_rounds}`;
    default:
      return `is in round ${run.round} of ${run.num_rounds}`;
  }
}
