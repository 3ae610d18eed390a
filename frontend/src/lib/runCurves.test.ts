import { describe, expect, it } from "vitest";
import type { CurveSeries, RunCurves } from "@/api";
import { bestPoint, mergeLines, runCurve, seedMean, seedWords } from "./runCurves";

type Values = readonly (readonly [round: number, value: number, cases?: number])[];

function line(site: string, values: Values, model: CurveSeries["model"] = "global"): CurveSeries {
  const rounds = values.map(([round]) => round);
  const cases = values.map(([, , count]) => count ?? 1);
  const about = { site_slug: site, model, split: "val", name: "dice" } as const;
  return { ...about, rounds, values: values.map(([, value]) => value), num_cases: cases };
}

const answer = (last_id: number, ...series: CurveSeries[]): RunCurves => ({ last_id, series });

describe("runCurve", () => {
  it("weighs sites by their cases, and takes the later of two numbers of one place", () => {
    const first = answer(
      3,
      line("a", [
        [2, 0.1],
        [1, 0.2, 3],
      ]),
      line("b", [[1, 0.6, 1]]),
    );
    const known = mergeLines(mergeLines(undefined, first), answer(4, line("a", [[2, 0.5]])));
    // Round 1: (3 x 0.2 + 1 x 0.6) / 4 = 0.3.
    expect(runCurve(known)?.points).toEqual([
      [1, expect.closeTo(0.3)],
      [2, 0.5],
    ]);
    expect(known.lastId).toBe(4);
    expect(mergeLines(known, answer(4))).toBe(known);
  });

  it("is of the model that the method is for", () => {
    const lines = [line("a", [[1, 0.1]]), line("a", [[1, 0.7]], "super"), line("a", [[1, 0.5]], "personalized")];
    expect(runCurve(mergeLines(undefined, answer(1, ...lines)))).toEqual({ model: "super", points: [[1, 0.7]] });
    expect(runCurve(undefined)).toBeNull();
    expect(runCurve(mergeLines(undefined, answer(0)))).toBeNull();
  });
});

describe("bestPoint", () => {
  it("is the highest Dice or the lowest loss, the first of equals", () => {
    const points: [number, number][] = [
      [1, 0.5],
      [2, 0.9],
      [3, 0.9],
      [4, 0.4],
    ];
    expect(bestPoint(points, "dice")).toEqual([2, 0.9]);
    expect(bestPoint(points, "loss")).toEqual([4, 0.4]);
    expect(bestPoint([], "dice")).toBeNull();
  });
});

describe("seedMean", () => {
  it("has the mean and the band of the rounds that every seed has", () => {
    const one = {
      model: "super",
      points: [
        [1, 0.2],
        [2, 0.4],
        [3, 0.9],
      ] as [number, number][],
    };
    const other = {
      model: "super",
      points: [
        [1, 0.4],
        [2, 0.8],
      ] as [number, number][],
    };
    expect(seedMean([one, other], 3)).toEqual({
      model: "super",
      points: [
        [1, expect.closeTo(0.3)],
        [2, expect.closeTo(0.6)],
      ],
      band: {
        numSeeds: 2,
        numRuns: 3,
        low: [
          [1, 0.2],
          [2, 0.4],
        ],
        high: [
          [1, 0.4],
          [2, 0.8],
        ],
      },
    });
    expect(seedMean([], 3)).toBeNull();
  });

  it("says how many seeds the mean is of, and of how many", () => {
    expect(seedWords({ numSeeds: 2, numRuns: 3, low: [], high: [] })).toBe("mean of 2 of 3 seeds");
    expect(seedWords({ numSeeds: 3, numRuns: 3, low: [], high: [] })).toBe("mean of 3 seeds");
    expect(seedWords({ numSeeds: 1, numRuns: 1, low: [], high: [] })).toBe("mean of 1 seed");
  });
});
