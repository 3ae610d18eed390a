import { describe, expect, it } from "vitest";
import type { ApprovalRecord } from "@/api";
import { approvalSentence, askedRuns, byDecision } from "./approvals";

const asked: ApprovalRecord = {
  id: "r.north",
  run_id: "r",
  run: "FedSM, seed 0",
  experiment_id: "e",
  experiment: "Question",
  site_slug: "north",
  site: "North",
  terms_sha256: "0".repeat(64),
  asked_at: "2026-01-01T00:00:00Z",
  decision: null,
  decided_at: null,
  by: null,
  name: "",
  reason: "",
  signature: null,
  public_key: null,
};
const decided = { ...asked, decided_at: "2026-01-02T12:00:00Z" };

describe("approvalSentence", () => {
  it("says that nobody decided", () => {
    expect(approvalSentence(asked)).toBe("North has not decided yet whether it takes part.");
  });

  it("names who approved", () => {
    expect(approvalSentence({ ...decided, decision: "approved", by: "person", name: "Dr. Berg" })).toMatch(
      /^North approved this run on .+ \(Dr\. Berg\)\.$/,
    );
    expect(approvalSentence({ ...decided, decision: "approved", by: "rule" })).toMatch(/\(a rule of its policy\)\.$/);
  });

  it("gives the reason of a refusal", () => {
    const refused = { ...decided, decision: "refused", by: "person", reason: "The ethics vote is pending." } as const;
    expect(approvalSentence(refused)).toMatch(/^North refused this run on [^(]+: The ethics vote is pending\.$/);
  });
});

describe("byDecision", () => {
  it("has one group for all seeds of a hospital's terms", () => {
    const others = { ...asked, id: "r2.north", run_id: "r2", run: "FedSM, seed 1" };
    const south = { ...asked, id: "r.south", site_slug: "south", site: "South" };
    const changed = { ...others, id: "r3.north", run_id: "r3", run: "FedAvg, seed 0", terms_sha256: "1".repeat(64) };
    const groups = byDecision([asked, south, others, changed]);
    expect(groups.map(({ first, count }) => [first.id, count])).toEqual([
      ["r.north", 2],
      ["r.south", 1],
      ["r3.north", 1],
    ]);
    expect(groups.map(askedRuns)).toEqual([
      "FedSM, seed 0, and 1 more seed of Question",
      "FedSM, seed 0 of Question",
      "FedAvg, seed 0 of Question",
    ]);
  });
});
