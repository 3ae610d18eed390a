import { describe, expect, it } from "vitest";
import type { CheckRecord } from "@/api";
import { changeText, checkSentence, runsSentence } from "./checks";

const ready = { status: "ready" as const, error: null, waits_for: null, num_used: 412, num_skipped: 8 };

describe("checkSentence", () => {
  it("says how many cases are used and why the others are not", () => {
    expect(checkSentence({ ...ready, skipped_by_reason: { empty_mask: 8 } })).toBe(
      "412 of 420 cases used, 8 skipped because the mask is empty.",
    );
    expect(checkSentence({ ...ready, skipped_by_reason: { no_mask: 3, empty_mask: 5 } })).toBe(
      "412 of 420 cases used, 8 skipped because the mask is empty (5) or they have no mask (3).",
    );
  });

  it("says that a check waits for a worker, in the backend's words", () => {
    const checking = { ...ready, status: "checking" as const, skipped_by_reason: {} };
    expect(checkSentence(checking)).toBe("The site's worker is reading the folder.");
    expect(checkSentence({ ...checking, waits_for: "No worker of Elm has ever connected." })).toBe(
      "No worker of Elm has ever connected.",
    );
  });

  it("is short when nothing is skipped, and shows the cause when the check failed", () => {
    expect(checkSentence({ ...ready, num_skipped: 0, skipped_by_reason: {} })).toBe("All 412 cases used.");
    expect(checkSentence({ ...ready, status: "failed", error: "no such folder", skipped_by_reason: {} })).toBe(
      "no such folder",
    );
  });
});

it("names the experiments whose runs used a data set", () => {
  const run = (experiment_name: string) => ({ experiment_name });
  expect(runsSentence([run("Baselines")])).toBe("1 run used it, of Baselines.");
  expect(runsSentence([run("A"), run("B"), run("A"), run("C")])).toBe("4 runs used it, of A, B and C.");
});

it("says whether a check found other data than the one before", () => {
  const check = (fingerprint: string | null, error: string | null = null) => ({ fingerprint, error }) as CheckRecord;
  expect(changeText(check("a"), undefined)).toBe("First version");
  expect(changeText(check("a"), check("a"))).toBe("The same data");
  expect(changeText(check("b"), check("a"))).toBe("The data changed");
  expect(changeText(check(null, "No such folder."), check("a"))).toBe("No such folder.");
});
