import { describe, expect, it } from "vitest";
import type { ScoredCase } from "@/api";
import { comparedCases, inBrush, orderedByDifference, tally } from "./differences";

const scored = (name: string, own: number | null, other: number | null) =>
  ({
    case_id: name,
    name,
    site_slug: "a",
    scores: { super: { disc: { dice: own, hd95: own } }, "global@r2": { disc: { dice: other, hd95: other } } },
  }) as unknown as ScoredCase;

const CASES = [
  scored("case-2", 0.9, 0.8),
  scored("case-10", 0.5, 0.9),
  scored("case-1", 0.7, 0.7),
  scored("x", null, 0.3),
];
const compared = comparedCases(CASES, "super", "global@r2", null, "dice");
const names = (cases: typeof compared) => cases.map(({ scored: entry }) => entry.name);

describe("two models on the same cases", () => {
  it("stand with the worst losses first, and last what cannot be compared", () => {
    expect(compared.map(({ difference }) => difference)).toEqual([expect.closeTo(0.1), expect.closeTo(-0.4), 0, null]);
    expect(names(orderedByDifference(compared, "dice"))).toEqual(["case-10", "case-1", "case-2", "x"]);
    expect(names(orderedByDifference(compared, "dice", "best"))).toEqual(["case-2", "case-1", "case-10", "x"]);
    expect(names(orderedByDifference(compared, "dice", "name"))).toEqual(["case-1", "case-2", "case-10", "x"]);
  });

  it("turn round where lower is better", () => {
    const distances = comparedCases(CASES, "super", "global@r2", null, "hd95");
    expect(names(orderedByDifference(distances, "hd95"))).toEqual(["case-2", "case-1", "case-10", "x"]);
    expect(tally(distances, "hd95")).toEqual({ better: 1, worse: 1, equal: 1 });
  });

  it("are counted, and cut out by a rectangle", () => {
    expect(tally(compared, "dice")).toEqual({ better: 1, worse: 1, equal: 1 });
    expect(names(compared.filter((entry) => inBrush(entry, [0.4, 0.75, 0.6, 1])))).toEqual(["case-10", "case-1"]);
    expect(compared.filter((entry) => inBrush(entry, undefined))).toHaveLength(4);
  });
});
