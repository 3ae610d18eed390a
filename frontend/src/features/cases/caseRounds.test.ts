import { describe, expect, it } from "vitest";
import type { PastRound, RunHistory, ScoredCase } from "@/api";
import { atRound, diceAt, roundAt, roundBeside, roundsOf } from "./caseRounds";

const past: PastRound = {
  round: 2,
  chosen_model: "global",
  models: {
    global: { dice: { disc: 0.5, cup: 0.3 }, mask_url: "/two" },
    super: { dice: { disc: null, cup: 0.3 }, mask_url: null },
  },
};
const history = { run_id: "r", best_round: 7, rounds: [2], cases: [{ case_id: "a", site_slug: "s", rounds: [past] }] };

describe("a case over the rounds", () => {
  it("finds what was kept of the case", () => {
    expect(roundsOf(history as RunHistory, "a")).toEqual([past]);
    expect(roundsOf(history as RunHistory, "b")).toEqual([]);
    expect(roundsOf(undefined, "a")).toEqual([]);
  });

  it("falls back on the best round where a round was not kept", () => {
    expect(roundAt([past], 2, 7)).toBe(past);
    expect(roundAt([past], 3, 7)).toBeNull();
    expect(roundAt([past], undefined, 7)).toBeNull();
  });

  it("steps to the rounds that were kept, and stays at the ends", () => {
    const rounds = [2, 5, 7].map((round) => ({ ...past, round }));
    expect(roundBeside(rounds, 2, 1)).toBe(5);
    expect(roundBeside(rounds, 7, -1)).toBe(5);
    expect(roundBeside(rounds, 2, -1)).toBe(2);
    expect(roundBeside(rounds, 7, 1)).toBe(7);
    expect(roundBeside([], 3, 1)).toBe(3);
  });

  it("shows the round's masks and Dice, and no mask that did not leave its site", () => {
    const now = { case_id: "a", predictions: { global: "/now", super: "/now" }, scores: {} } as unknown as ScoredCase;
    const then = atRound(now, past);
    expect(then.predictions).toEqual({ global: "/two" });
    expect(then.scores.global?.disc?.dice).toBe(0.5);
    expect(then.scores.global?.disc?.hd95).toBeNull();
    expect(atRound(now, null)).toBe(now);
  });

  it("leaves structures without a value out of the mean", () => {
    expect(diceAt(past, "global", null)).toBeCloseTo(0.4);
    expect(diceAt(past, "super", null)).toBe(0.3);
    expect(diceAt(past, "super", "disc")).toBeNull();
  });
});
