import { describe, expect, it } from "vitest";
import { type Step, stairsOf, stairWords } from "./gapStairs";

function level(value: number | null): Step {
  return {
    key: `level ${value}`,
    kind: "level",
    label: "Level",
    value,
    low: null,
    high: null,
    text: `${value}`,
    interval: "",
  };
}

function term(value: number): Step {
  const ends = { low: value - 0.01, high: value + 0.01 };
  return { key: `term ${value}`, kind: "term", label: "Term", value, ...ends, text: `${value}`, interval: "" };
}

describe("stairsOf", () => {
  it("hangs each term between its levels", () => {
    const stairs = stairsOf([level(0.9), term(0.1), level(0.8), term(-0.05), level(0.85)], true);
    expect(stairs.map(({ kind }) => kind)).toEqual(["level", "lost", "level", "won", "level"]);
    const [first, lost, second, won, last] = stairs;
    expect(lost?.top).toBeCloseTo(first?.top ?? 0);
    expect(lost?.bottom).toBeCloseTo(second?.top ?? 0);
    expect(won?.bottom).toBeCloseTo(second?.top ?? 0);
    expect(won?.top).toBeCloseTo(last?.top ?? 0);
    // The axis goes from 0.8 - 0.45 * 0.1 to 0.9 + 0.15 * 0.1, which is 0.16 high.
    expect(first?.top).toBeCloseTo((0.9 - 0.755) / 0.16);
    expect(lost?.whisker).toEqual([expect.closeTo((0.79 - 0.755) / 0.16), expect.closeTo((0.81 - 0.755) / 0.16)]);
    expect(stairWords(stairs)).toBe("Level 0.9, Term 0.1 lost, Level 0.8, Term -0.05 won, Level 0.85");
  });

  it("goes up where a distance grows", () => {
    const stairs = stairsOf([level(2), term(2), level(4), term(-1), level(3)], false);
    expect(stairs.map(({ kind }) => kind)).toEqual(["level", "lost", "level", "won", "level"]);
    expect(stairs[1]?.from).toBeCloseTo(stairs[0]?.top ?? 0);
    expect(stairs[1]?.top).toBeCloseTo(stairs[2]?.top ?? 0);
  });

  it("is empty where a level has no value, or there is but one", () => {
    expect(stairsOf([level(0.9), term(0.1), level(null)], true)).toEqual([]);
    expect(stairsOf([level(0.9)], true)).toEqual([]);
  });
});
