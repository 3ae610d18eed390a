import { expect, it } from "vitest";
import type { RunRecord } from "@/api";
import { canEndHere, canResume, stoppedRemedy, stoppedRemedyOfAll } from "./runControls";

const run = (status: RunRecord["status"], finished: number, rounds = 9) => ({
  status,
  num_rounds: rounds,
  num_finished_rounds: finished,
});

it("ends the training only of a run that stands still and has finished a round", () => {
  for (const status of ["paused", "failed", "cancelled"] as const) {
    expect(canEndHere(run(status, 1))).toBe(true);
    expect(canEndHere(run(status, 0))).toBe(false);
    expect(canResume(run(status, 0))).toBe(true);
  }
  expect(canEndHere(run("running", 4))).toBe(false);
  expect(canEndHere(run("failed", 0, 0))).toBe(false);
});

it("promises only what the buttons do, and to those alone who have them", () => {
  expect(stoppedRemedy(run("cancelled", 3), true)).toContain("End here tests the best so far");
  expect(stoppedRemedy(run("cancelled", 0), true)).toBe("Resume begins it again: no round is finished.");
  expect(stoppedRemedy(run("cancelled", 3), false)).toBe("");
  expect(stoppedRemedyOfAll([run("cancelled", 0), run("failed", 2)], true, "researchers")).toContain('"End here"');
  expect(stoppedRemedyOfAll([run("cancelled", 0)], true, "researchers")).not.toContain("End here");
  expect(stoppedRemedyOfAll([run("failed", 2)], false, "researchers")).toBe("Runs are resumed by researchers.");
});
