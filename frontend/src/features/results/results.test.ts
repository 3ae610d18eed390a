import { describe, expect, it } from "vitest";
import type { ExperimentResults, ResultCell, ShownCell } from "@/api";
import { hasScores, hasSeveralSeeds, nextSort, resultTable, sortRows } from "./results";

function cell(label: string, site: string | null, mean: number | null, more: Partial<ResultCell> = {}): ResultCell {
  return {
    strategy_label: label,
    model: "global",
    metric: "dice",
    site_slug: site,
    unseen: false,
    structure: null,
    mean,
    std: null,
    num_cases: 4,
    num_fewest: 4,
    lacks: null,
    num_missing: 0,
    num_misses: 0,
    num_seeds: 1,
    ...more,
  };
}

function results(cells: ResultCell[], more: Partial<ExperimentResults> = {}): ExperimentResults {
  return {
    experiment_id: "e",
    metric: "dice",
    checkpoint: "best",
    higher_is_better: true,
    unit: null,
    nsd_tolerance: 2,
    structures: ["disc"],
    sites: ["a", "b"],
    unseen_sites: [],
    cells,
    columns: [],
    tables: [],
    notes: [],
    remarks: [],
    words_of_seeds: "",
    selectors: [],
    complete: true,
    ...more,
  };
}

function shown(score: ResultCell | null, text: string): ShownCell {
  return { score, text, deviation: null, lacks: null, best: false, difference: null };
}

/** A table of one site, a row a method. */
function tableOf(means: Record<string, number | null>, structure: string | null = null) {
  return resultTable(
    {
      columns: [
        { key: "all", site_slug: null, unseen: false },
        { key: "worst", site_slug: null, unseen: false },
        { key: "site/a", site_slug: "a", unseen: true },
      ],
      tables: [
        {
          structure: null,
          rows: Object.entries(means).map(([label, mean]) => ({
            strategy_label: label,
            model: "global" as const,
            cells: [null, null, "a"].map((site) => shown(cell(label, site, mean), String(mean))),
          })),
        },
      ],
    },
    structure,
  );
}

describe("resultTable", () => {
  it("draws what the backend wrote: columns, rows and texts", () => {
    const table = tableOf({ FedAvg: 0.7 });
    expect(table.columns).toEqual([
      { key: "all", kind: "all", slug: null, unseen: false },
      { key: "worst", kind: "worst", slug: null, unseen: false },
      { key: "site/a", kind: "site", slug: "a", unseen: true },
    ]);
    expect(table.rows.map((row) => [row.key, row.cells.map((entry) => entry.text)])).toEqual([
      ["FedAvg/global", ["0.7", "0.7", "0.7"]],
    ]);
  });

  it("has no row of a structure that is not in the answer", () => {
    expect(tableOf({ FedAvg: 0.7 }, "cup").rows).toEqual([]);
  });
});

describe("sortRows", () => {
  const table = tableOf({ One: 0.5, Two: null, Three: 0.9, Four: 0.7 });
  const order = (sort: Parameters<typeof sortRows>[1], metric: Parameters<typeof sortRows>[2] = "dice") =>
    sortRows(table, sort, metric).map((row) => row.strategyLabel);

  it("puts the best first, or the worst, and what has no value last in both", () => {
    expect(order({ column: "site/a", first: "best" })).toEqual(["Three", "Four", "One", "Two"]);
    expect(order({ column: "site/a", first: "worst" })).toEqual(["One", "Four", "Three", "Two"]);
    expect(order({ column: "site/a", first: "best" }, "hd95")).toEqual(["One", "Four", "Three", "Two"]);
  });

  it("keeps the experiment's order without a sort, and for a column that is not there", () => {
    expect(order(null)).toEqual(["One", "Two", "Three", "Four"]);
    expect(order({ column: "site/gone", first: "best" })).toEqual(["One", "Two", "Three", "Four"]);
  });

  it("goes from best first to worst first to none", () => {
    const first = nextSort(null, "all");
    const second = nextSort(first, "all");
    expect([first, second, nextSort(second, "all")]).toEqual([
      { column: "all", first: "best" },
      { column: "all", first: "worst" },
      null,
    ]);
    expect(nextSort(second, "worst")).toEqual({ column: "worst", first: "best" });
  });
});

describe("what the results hold", () => {
  it("has no score while cells are without cases, and several seeds once one cell has", () => {
    const empty = results([cell("FedSM", "a", null, { num_cases: 0, num_seeds: 0 })]);
    expect([hasScores(empty), hasSeveralSeeds(empty)]).toEqual([false, false]);
    const full = results([cell("FedSM", "a", 0.5, { num_seeds: 2 })]);
    expect([hasScores(full), hasSeveralSeeds(full)]).toEqual([true, true]);
  });
});
