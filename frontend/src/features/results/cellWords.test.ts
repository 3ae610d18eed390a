import { describe, expect, it } from "vitest";
import type { Comparison, ComparisonCell } from "@/api";
import { cellWords, comparisonWords } from "./cellWords";

const CELL: ComparisonCell = {
  strategy_label: "FedSM",
  model: "global",
  site_slug: "a",
  unseen: false,
  num_pairs: 12,
  num_zero: 0,
  num_left_out: 1,
  num_seeds: 1,
  mean: 0.9,
  baseline_mean: 0.85,
  difference: 0.05,
  difference_text: "+0.050",
  low: 0.01,
  high: 0.09,
  interval_text: "[+0.010, +0.090]",
  p: 0.002,
  p_holm: 0.004,
  method: "exact",
  decidable: true,
};
const COMPARISON: Comparison = {
  experiment_id: "e",
  metric: "dice",
  checkpoint: "best",
  structure: null,
  baseline_label: "FedAvg",
  baseline_model: "global",
  higher_is_better: true,
  test: "signed-rank test",
  confidence: 0.95,
  num_resamples: 2000,
  words_of_seeds: "",
  cells: [],
};

describe("words of a cell", () => {
  it("tells the difference, its interval, the test and n", () => {
    expect(comparisonWords(CELL, COMPARISON)).toBe(
      "+0.050 against FedAvg, global model (0.850): significantly better\n" +
        "95 % interval [+0.010, +0.090]\n" +
        "p = 0.004 after Holm (alone p = 0.002, exact), n = 12 pairs of cases, 1 left out without a value of both",
    );
  });

  it("tells n, seeds, what is missing and what was missed", () => {
    const counts = { num_cases: 4, num_seeds: 2, num_missing: 1, num_misses: 2, mean: 3.5 };
    const words = cellWords({ ...counts } as Parameters<typeof cellWords>[0], "Aster", true);
    expect(words.split("\n")).toEqual([
      "Aster",
      "4 cases, 2 seeds",
      "1 case without the structure in either mask, left out",
      "2 misses: one of the two masks is empty, so there is no value to average",
      "best of the column",
    ]);
  });
});
