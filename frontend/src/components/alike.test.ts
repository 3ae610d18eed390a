import { expect, it } from "vitest";
import { alikeSentence, decisionText, scopeText } from "./alike";

it("says how many pairs there are to decide", () => {
  expect(alikeSentence({ num_pairs: 1, num_undecided: 0 })).toContain("1 pair is far more alike");
  expect(alikeSentence({ num_pairs: 3, num_undecided: 1 })).toContain("1 is undecided");
});

it("says what a decision does, and who made it", () => {
  expect(scopeText("sites")).toContain("leakage");
  expect(scopeText("data_set")).toContain("one split in the data set");
  expect(decisionText({ decision: "same_patient", decided_by: "ada", decided_at: null })).toBe(
    "Of one patient, as ada decided.",
  );
});
