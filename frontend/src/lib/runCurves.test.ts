import { describe, expect, it } from "vitest";
import type { MetricRecord } from "@/api";
import { bestPoint, runCurve, seedMean, seedWords } from "./runCurves";

let id = 0;
function metric(round: number, site: string, value: number, more: Partial<MetricRecord> = {}): MetricRecord {
  id += 1;
  const place = { id, round, site_slug: site, value, num_cases: 1 };
  return { ...place, model: "global", split: "val", name: "dice", structure: null, ...more };
}

describe("runCurve", () => {
  it("weighs sites by their cases, and takes the later of two numbers of one place", () => {
    const metrics = [
      metric(2, "a", 0.1),
      metric(1, "a", 0.2, { num_cases: 3 }),
      metric(1, "b", 0.6, { num_cases: 1 }),
      metric(2, "a", 0.5),
    ];
    // Round 1: (3 x 0.2 + 1 x 0.6) / 4 = 0.3.
    expect(runCurve(metrics, "dice", null)?.points).toEqual([
      [1, expect.closeTo(0.3)],
      [2, 0.5],
    ]);
  });

  it("is of the model that the method is for, the asked structure, and the right split", () => {
    const metrics = [
      metric(1, "a", 0.1),
      metric(1, "a", 0.7, { model: "super" }),
      metric(1, "a", 0.9, { model: "super", structure: "cup" }),
      metric(1, "a", 2.5, { name: "loss", split: "train" }),
      metric(1, "a", 1.5, { name: "loss", split: "train", model: "personalized" }),
    ];
    expect(runCurve(metrics, "dice", "cup")).toEqual({ model: "super", points: [[1, 0.9]] });
    expect(runCurve(metrics, "loss", "cup")).toEqual({ model: "personalized", points: [[1, 1.5]] });
    expect(runCurve([], "dice", null)).toBeNull();
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
