/** Why an experiment has no result, and what makes one. */

import type { ExperimentRecord, RunRecord } from "@/api";
import { plural } from "@/lib/format";
import { stoppedRemedyOfAll } from "@/lib/runControls";
import { isOver } from "@/lib/status";

type Run = Pick<RunRecord, "status" | "num_finished_rounds" | "end_refusal">;
type Experiment = Pick<ExperimentRecord, "started_at"> & { runs: readonly Run[] };

/** Whether a run is under way, so that a result comes by itself. */
export function runsOn(experiment: Experiment): boolean {
  return experiment.started_at !== null && !experiment.runs.every(isOver);
}

/** may: whether the reader may start and resume runs; `who`: those who may. */
export function noResult(experiment: Experiment, may: boolean, who: string): { title: string; words: string } {
  if (experiment.started_at === null) {
    const start = may ? "Start the experiment" : `The experiment is started by ${who}`;
    return { title: "No result yet", words: `${start}: each run is tested when its last round is done.` };
  }
  if (runsOn(experiment)) {
    return {
      title: "No result yet",
      words: "Each run is tested on every site's test cases when its last round is done; the table fills run by run.",
    };
  }
  return {
    title: "No result",
    words: `${ends(experiment.runs)} before any was tested. ${stoppedRemedyOfAll(experiment.runs, may, who)}`,
  };
}

/** `Both runs were cancelled`, `2 runs failed and 1 run was cancelled`. */
function ends(runs: Experiment["runs"]): string {
  const cancelled = runs.filter((run) => run.status === "cancelled").length;
  const failed = runs.filter((run) => run.status === "failed").length;
  if (cancelled === runs.length)
    return runs.length === 1 ? "The run was cancelled" : `All ${runs.length} runs were cancelled`;
  if (failed === runs.length) return runs.length === 1 ? "The run failed" : `All ${runs.length} runs failed`;
  return `${plural(failed, "run")} failed and ${plural(cancelled, "run was", "runs were")} cancelled`;
}
