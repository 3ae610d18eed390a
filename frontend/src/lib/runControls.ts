/** What can be done with a run that stands still: for its buttons, and for the sentences that promise them. */

import type { RunRecord } from "@/api";

type Stopped = Pick<RunRecord, "status" | "num_finished_rounds" | "end_refusal">;

const STOPPED: ReadonlySet<RunRecord["status"]> = new Set(["paused", "failed", "cancelled"]);

export function canResume(run: Pick<RunRecord, "status">): boolean {
  return STOPPED.has(run.status);
}

/** The backend says why not, where it cannot. */
export function canEndHere(run: Stopped): boolean {
  return run.end_refusal === null;
}

/** Of one stopped run; empty for who may do nothing about it. */
export function stoppedRemedy(run: Stopped, may: boolean): string {
  if (!may) return "";
  if (run.num_finished_rounds === 0) return "Resume begins it again: no round is finished.";
  const resume = "Resume goes on from the last finished round";
  return canEndHere(run) ? `${resume}; End here tests the best so far.` : `${resume}.`;
}

/** Of an experiment whose runs all stopped; `who`: those who may do it, for who may not. */
export function stoppedRemedyOfAll(runs: readonly Stopped[], may: boolean, who: string): string {
  if (!may) return `Runs are resumed by ${who}.`;
  if (runs.some(canEndHere)) {
    return 'Resume a run to go on from its last finished round, or end it there: "End here" on its tab tests its best round so far.';
  }
  return runs.every((run) => run.num_finished_rounds === 0)
    ? "Resume a run to begin it again: none has finished a round that could be tested."
    : "Resume a run to go on from its last finished round.";
}
