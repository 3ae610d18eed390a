import { expect, it } from "vitest";
import type { RunRecord } from "@/api";
import { canEndHere, canResume, stoppedRemedy, stoppedRemedyOfAll } from "./runControls";

const run = (status: RunRecord["status"], finished: number, refusal: string | null = null) => ({
  status,
  num_finished_rounds: finished,
  end_refusal: refusal ?? (finished > 0 ? null : "has finished no round"),
});

it("ends the training where the backend gives no reason against it", () => {
  expect(canEndHere(run("cancelled", 1))).toBe(true);
  expect(canEndHere(run("cancelled", 0))).toBe(false);
  expect(canResume(run("cancelled", 0))).toBe(true);
  expect(canEndHere(run("cancelled", 4, "personalizes its models in the last rounds alone"))).toBe(false);
});

it("promises only what the buttons do, and to those alone who have them", () => {
  expect(stoppedRemedy(run("cancelled", 3), true)).toContain("End here tests the best so far");
  expect(stoppedRemedy(run("cancelled", 0), true)).toBe("Resume begins it again: no round is finished.");
  expect(stoppedRemedy(run("cancelled", 3), false)).toBe("");
  expect(stoppedRemedyOfAll([run("cancelled", 0), run("failed", 2)], true, "researchers")).toContain('"End here"');
  expect(stoppedRemedyOfAll([run("cancelled", 0)], true, "researchers")).not.toContain("End here");
  const personalizes = run("failed", 2, "personalizes its models in the last rounds alone");
  expect(stoppedRemedyOfAll([personalizes], true, "researchers")).toBe(
    "Resume a run to go on from its last finished round.",
  );
  expect(stoppedRemedyOfAll([run("failed", 2)], false, "researchers")).toBe("Runs are resumed by researchers.");
});
