import { describe, expect, it } from "vitest";
import type { MatrixCell, RunMatrix } from "@/api";
import { isOwnModel, matrixCellWords, matrixView, viewerModel } from "./matrixView";

const cell = (slug: string | null, mean: number | null, more: Partial<MatrixCell> = {}): MatrixCell => ({
  site_slug: slug,
  mean,
  text: mean === null ? "–" : mean.toFixed(2),
  best: false,
  num_cases: 5,
  num_missing: 0,
  num_misses: 0,
  ...more,
});

const matrix: RunMatrix = {
  run_id: "r",
  round: 3,
  metric: "hd95",
  checkpoint: "best",
  structure: null,
  higher_is_better: false,
  sites: ["a", "b"],
  unseen_sites: ["b"],
  rows: [
    { model: "global", cells: [cell("a", 4), cell("b", 6), cell(null, 4)] },
    { model: "personalized/a", cells: [cell("a", 2), cell("b", 9), cell(null, 2)] },
    { model: "own", cells: [cell("a", 2.001), cell("b", null), cell(null, 2)] },
  ],
};

describe("matrix", () => {
  it("has one scale over all cells", () => {
    const view = matrixView(matrix);
    expect([view.scale?.best, view.scale?.worst]).toEqual([2, 9]);
  });

  it("knows a site's own model, and leads to it in the viewer", () => {
    expect(isOwnModel("personalized/a", "a")).toBe(true);
    expect(isOwnModel("personalized/a", null)).toBe(false);
    expect(viewerModel("personalized/a", "a")).toBe("personalized");
    expect(viewerModel("personalized/a", "b")).toBe("personalized/a");
    expect(viewerModel("own", "b")).toBe("personalized");
    expect(viewerModel("super", "b")).toBe("super");
  });

  it("says how many cases a number stands for", () => {
    const words = matrixCellWords(cell("a", 4, { num_missing: 1, num_misses: 2 }), "Global model", "Aster");
    expect(words.split("\n")).toEqual([
      "Global model on Aster: 4.00",
      "5 cases",
      "1 case without the structure in either mask, left out",
      "2 misses: one of the two masks is empty",
    ]);
  });
});
