import { describe, expect, it } from "vitest";
import { failureTitle, supportText } from "./failures";

describe("failures in words", () => {
  const failure = {
    kind: "disk_full" as const,
    title: "Disk full",
    cause: "the disk of this worker is full",
    remedy: "Make room.",
    participant: "birch",
    round: 3,
    task_id: "0123456789abcdef",
    task_kind: "train_site" as const,
    attempt: 3,
    worker: "w1",
    at: "2026-01-01T00:00:00Z",
  };

  it("names site, round and kind", () => {
    expect(failureTitle(failure, "Birch clinic")).toBe("Birch clinic could not train in round 3: disk full");
  });

  it("gives support everything, the whole correlation id too", () => {
    const run = { strategy_label: "FedSM", seed: 0, id: "r1", num_rounds: 5 } as Parameters<typeof supportText>[2];
    const text = supportText(failure, "Traceback ...", run, "http://here/");
    for (const words of ["0123456789abcdef", "attempt 3", "w1", "FedSM, seed 0 (r1)", "Traceback ...", "Make room."]) {
      expect(text).toContain(words);
    }
  });
});
