import { describe, expect, it } from "vitest";
import { roundSpans } from "./roundSpans";
import { kindsOf, roundsSentence } from "./storage";

const RUN = { run_id: "r", strategy_label: "FedAvg", seed: 0, num_files: 3, num_bytes: 10, by_kind: {} };

describe("what lies on the disk", () => {
  it("names ranges of rounds", () => {
    expect(roundSpans([1, 4, 5, 6, 9])).toBe("1, 4 to 6, 9");
    expect(roundSpans([])).toBe("");
  });

  it("says whose models are kept and whose were removed", () => {
    expect(roundsSentence({ ...RUN, kept_rounds: [1, 5, 12], removed_rounds: [0, 2, 3, 4] })).toBe(
      "Models of rounds 1, 5, 12 are kept; those of rounds 0, 2 to 4 were removed.",
    );
    expect(roundsSentence({ ...RUN, kept_rounds: [0], removed_rounds: [] })).toBe("Models of round 0 are kept.");
    expect(roundsSentence({ ...RUN, kept_rounds: [], removed_rounds: [] })).toBe("No round is finished yet.");
  });

  it("lists kinds in one order, without those that take nothing", () => {
    expect(kindsOf({ masks: 2, states: 5 }).map(({ label }) => label)).toEqual(["Models", "Masks"]);
  });
});
