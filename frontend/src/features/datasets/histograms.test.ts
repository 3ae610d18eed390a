import { expect, it } from "vitest";
import type { CaseRecord } from "@/api";
import { commonSizes, digitsFor, histogram, spacings, structureDistributions } from "./histograms";

const row = (change: Partial<CaseRecord>) =>
  ({ width: 96, height: 96, depth: null, spacing: null, structure_sizes: {}, ...change }) as CaseRecord;

it("counts values in 16 equal bins; the largest is in the last", () => {
  const { labels, counts } = histogram([0, 1, 15.5, 16], 0);
  expect(counts).toEqual([1, 1, ...new Array(13).fill(0), 2]);
  expect(labels[0]).toBe("0–1");
  expect(histogram([3, 3], 1)).toEqual({ labels: ["3.0"], counts: [2] });
  expect(histogram([], 1)).toEqual({ labels: [], counts: [] });
});

it("takes as many digits as the bins need", () => {
  expect(digitsFor([0, 1600])).toBe(0);
  expect(digitsFor([0.3, 0.46])).toBe(2);
  expect(digitsFor([1, 1])).toBe(0);
  expect(digitsFor([0.4, 0.4])).toBe(2);
});

it("shows the most common sizes and sums the others", () => {
  const cases = [row({}), row({}), row({ width: 10 }), row({ width: 11 })];
  expect(commonSizes(cases, 1)).toEqual({ labels: ["96 × 96", "2 other sizes"], counts: [2, 2] });
});

it("takes spacing by axis, of those that know it", () => {
  expect(spacings([row({ spacing: [3, 0.5, 0.4] }), row({})])).toEqual([
    { axis: "Between slices", values: [3] },
    { axis: "Rows", values: [0.5] },
    { axis: "Columns", values: [0.4] },
  ]);
  expect(spacings([row({})])).toEqual([]);
});

it("counts a structure of size 0 as absent", () => {
  const cases = [row({ structure_sizes: { disc: 12 } }), row({ structure_sizes: { disc: 0 } })];
  expect(structureDistributions(cases, ["disc"])).toEqual([
    { structure: "disc", numPresent: 1, prevalence: 0.5, sizes: [12] },
  ]);
});
