import { describe, expect, it } from "vitest";
import type { RunEffort } from "@/api";
import { takenByRound } from "./against";

describe("takenByRound", () => {
  const round = { round: 1, steps: 8, images: 16, seconds: 0.5, bytes: null };
  const effort: RunEffort = {
    run_id: "r",
    models: [],
    remarks: [],
    rounds: [round, { ...round, round: 2, steps: 17 }],
  };

  it("begins at nothing and grows round by round", () => {
    expect(takenByRound(effort, "steps")).toEqual({ 0: 0, 1: 8, 2: 17 });
  });

  it("is empty where nobody counted", () => {
    expect(takenByRound(effort, "bytes")).toEqual({});
  });
});
