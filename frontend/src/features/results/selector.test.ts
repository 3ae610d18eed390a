import { describe, expect, it } from "vitest";
import type { SweepPoint } from "@/api";
import { bestRange, formatGamma, nearestPoint, routingWords, validationCurve } from "./selector";

function sweep(points: [number, number | null, number?][]): SweepPoint[] {
  return points.map(([gamma, mean, share]) => ({ gamma, mean, num_cases: 4, share_global: share ?? 0 }));
}

describe("nearestPoint", () => {
  it("takes the nearest threshold, and the first of two as near", () => {
    const points = sweep([
      [0, 1],
      [0.5, 1],
      [1, 1],
    ]);
    expect([0, 0.2, 0.25, 0.6, 0.9999].map((gamma) => nearestPoint(points, gamma))).toEqual([0, 0, 0, 1, 2]);
  });
});

it("draws the validation curve only next to the same score of all sites", () => {
  const points = [{ gamma: 0.5, dice: 0.8, num_cases: 4 }];
  const validation = { gamma: 0.5, dice: 0.8, dice_as_run: null, num_cases: 4, sites: ["a"], absent_sites: [], points };
  const shown = { validation, metric: "dice" as const, structure: null };
  expect(validationCurve(shown, { site_slug: null }, [0.4, 0.5])).toEqual([null, 0.8]);
  expect(validationCurve(shown, { site_slug: "a" }, [0.5])).toBeNull();
  expect(validationCurve({ ...shown, metric: "hd95" }, { site_slug: null }, [0.5])).toBeNull();
  expect(validationCurve({ ...shown, validation: null }, { site_slug: null }, [0.5])).toBeNull();
});

describe("bestRange", () => {
  it("takes the widest range of equal shown scores", () => {
    const points = sweep([
      [0, 0.8],
      [0.1, 0.9],
      [0.2, 0.7],
      [0.3, 0.9],
      [0.4, 0.9001],
      [0.5, 0.9],
    ]);
    expect(bestRange(points, "dice")).toEqual({ low: 0.3, high: 0.5, mean: 0.9 });
  });

  it("takes scores as they are shown: of two equally near numbers the even one", () => {
    const points = sweep([
      [0.3, 0.0625],
      [0.4, 0.062],
      [0.5, 0.061],
    ]);
    expect(bestRange(points, "dice")).toEqual({ low: 0.3, high: 0.4, mean: 0.062 });
  });

  it("takes the smallest distance, and nothing without a score", () => {
    expect(
      bestRange(
        sweep([
          [0, 8],
          [0.5, 3],
          [1, 5],
        ]),
        "hd95",
      ),
    ).toEqual({ low: 0.5, high: 0.5, mean: 3 });
    expect(bestRange(sweep([[0, null]]), "dice")).toBeNull();
  });
});

describe("words", () => {
  it("writes thresholds without idle digits", () => {
    expect([0.9, 0.1 + 0.2, 0.995, 0.9999, 1].map(formatGamma)).toEqual(["0.9", "0.3", "0.995", "0.9999", "1"]);
  });

  it("says which model serves how many", () => {
    const point = (share: number) => sweep([[0.5, 0.9, share]])[0] as SweepPoint;
    expect([0, 0.25, 1].map((share) => routingWords(point(share), 4))).toEqual([
      "every case by a personalized model",
      "1 of 4 cases by the global model",
      "every case by the global model",
    ]);
  });
});
