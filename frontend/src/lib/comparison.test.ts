import { describe, expect, it } from "vitest";
import type { Comparison, ComparisonCell } from "@/api";
import { comparisonIndex, formatP, formatPairs, hopelessSites, pairsOf, verdict } from "./comparison";

function cell(label: string, slug: string | null, more: Partial<ComparisonCell> = {}): ComparisonCell {
  return {
    strategy_label: label,
    model: "global",
    site_slug: slug,
    unseen: false,
    num_pairs: 12,
    num_zero: 0,
    num_left_out: 0,
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
    ...more,
  };
}

function comparison(cells: ComparisonCell[], metric: Comparison["metric"] = "dice"): Comparison {
  return {
    experiment_id: "e",
    metric,
    checkpoint: "best",
    structure: null,
    baseline_label: "FedAvg",
    baseline_model: "global",
    higher_is_better: metric === "dice",
    test: "signed-rank test",
    confidence: 0.95,
    num_resamples: 2000,
    words_of_seeds: "",
    cells,
  };
}

describe("comparison", () => {
  it("finds a cell by row and site, and the pooled one", () => {
    const cells = [cell("FedSM", "a"), cell("FedSM", null)];
    const find = comparisonIndex(comparison(cells));
    expect(find("FedSM/global", "a")).toBe(cells[0]);
    expect(find("FedSM/global", null)).toBe(cells[1]);
    expect(find("FedAvg/global", "a")).toBeNull();
  });

  it("goes by the adjusted p, and by the metric's direction", () => {
    const only = comparison([]);
    expect(verdict(cell("FedSM", "a"), only)).toBe("better");
    expect(verdict(cell("FedSM", "a"), comparison([], "hd95"))).toBe("worse");
    expect(verdict(cell("FedSM", "a", { p: 0.01, p_holm: 0.05 }), only)).toBe("open");
    expect(verdict(cell("FedSM", "a", { difference: null, p_holm: null }), only)).toBe("open");
  });

  it("shows p with two digits, and none that it does not have", () => {
    expect([0.0004, 0.0123, 0.2, 1, null].map(formatP)).toEqual(["p < 0.001", "p = 0.012", "p = 0.2", "p = 1", "p –"]);
  });

  it("says how many pairs a site has", () => {
    const all = comparison([
      cell("FedSM", "a", { num_pairs: 6 }),
      cell("Local", "a", { num_pairs: 9 }),
      cell("None", "a", { num_pairs: 0 }),
    ]);
    expect(formatPairs(pairsOf(all, "a") ?? { low: 0, high: 0 })).toBe("n = 6 to 9");
    expect(pairsOf(all, "b")).toBeNull();
  });

  it("names sites where no data could have been significant", () => {
    const few = { decidable: false };
    expect(hopelessSites(comparison([cell("A", "a", few), cell("B", "a", few), cell("A", "b")]))).toEqual(["a"]);
    expect(hopelessSites(comparison([cell("A", "a", few), cell("B", "a")]))).toEqual([]);
    expect(hopelessSites(comparison([cell("A", "a", { ...few, p: null }), cell("A", null, few)]))).toEqual([]);
  });
});
