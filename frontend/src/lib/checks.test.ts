import { describe, expect, it } from "vitest";
import { checkSentence } from "./sentence";

const ready = { status: "ready" as const, error: null, num_used: 412, num_skipped: 8 };

describe("checkSentence", () => {
  it("says how many cases are used and why the others are not", () => {
    expect(checkSentence({ ...ready, skipped_by_reason: { empty_mask: 8 } })).toBe(
      "412 of 420 cases used, 8 skipped because the mask is empty.",
    );
    expect(checkSentence({ ...ready, skipped_by_reason: { no_mask: 3, empty_mask: 5 } })).toBe(
      "412 of 420 cases used, 8 skipped because the mask is empty (5) or they have no mask (3).",
    );
  });

  it("is short when nothing is skipped, and shows the cause when the check failed", () => {
    expect(checkSentence({ ...ready, num_skipped: 0, skipped_by_reason: {} })).toBe("All 412 cases used.");
    expect(checkSentence({ ...ready, status: "failed", error: "no such folder", skipped_by_reason: {} })).toBe(
      "no such folder",
    );
  });
});
