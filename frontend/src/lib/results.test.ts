import { describe, expect, it } from "vitest";
import type { ExperimentResults, ResultCell } from "@/api";
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
    selectors: [],
    complete: true,
    ...more,
  };
}

/** Keys of the best rows of a column. */
function best(table: ReturnType<typeof resultTable>, column: string): string[] {
  return [...(table.best[table.columns.findIndex((entry) => entry.key === column)] ?? [])];
}

function means(table: ReturnType<typeof resultTable>, row = 0): (number | null | undefined)[] | undefined {
  return table.rows[row]?.cells.map((entry) => entry?.mean);
}

describe("resultTable", () => {
  it("puts what sums up first, then sites in their order", () => {
    const table = resultTable(
      results([cell("FedAvg", null, 0.7), cell("FedAvg", "b", 0.6), cell("FedAvg", "a", 0.8)]),
      null,
    );
    expect(table.columns.map((column) => column.key)).toEqual(["all", "worst", "site/a", "site/b"]);
    expect(means(table)).toEqual([0.7, 0.6, 0.8, 0.6]);
  });

  it("takes the worst of the sites that train, which is the largest of distances", () => {
    const cells = [
      cell("FedAvg", "a", 3, { metric: "hd95" }),
      cell("FedAvg", "b", 5, { metric: "hd95" }),
      cell("FedAvg", "c", 9, { metric: "hd95", unseen: true }),
    ];
    const table = resultTable(results(cells, { metric: "hd95", sites: ["a", "b", "c"], unseen_sites: ["c"] }), null);
    expect(means(table)).toEqual([undefined, 5, 3, 5, 9]);
    expect(table.columns.map((column) => column.unseen)).toEqual([false, false, false, false, true]);
  });

  it("has no worst site where only one trains", () => {
    const table = resultTable(results([cell("FedAvg", "a", 0.5)], { sites: ["a"] }), null);
    expect(table.columns.map((column) => column.key)).toEqual(["all", "site/a"]);
  });

  it("marks the best of each column, and ties of the shown digits together", () => {
    const table = resultTable(
      results([
        cell("FedSM", "a", 0.9001),
        cell("FedAvg", "a", 0.9004),
        cell("Local", "a", 0.5),
        cell("FedSM", "b", 0.1),
        cell("FedAvg", "b", null),
        cell("Local", "b", 0.2),
      ]),
      null,
    );
    expect(best(table, "site/a")).toEqual(["FedSM/global", "FedAvg/global"]);
    expect(best(table, "site/b")).toEqual(["Local/global"]);
  });

  it("takes the smallest distance for the best", () => {
    const cells = [cell("FedSM", "a", 4.2, { metric: "hd95" }), cell("FedAvg", "a", 3.1, { metric: "hd95" })];
    expect(best(resultTable(results(cells, { metric: "hd95" }), null), "site/a")).toEqual(["FedAvg/global"]);
  });

  it("names no best where there is nothing to compare, and keeps to the chosen structure", () => {
    const table = resultTable(
      results([cell("FedSM", "a", 0.9, { structure: "disc" }), cell("FedAvg", "a", 0.4)]),
      "disc",
    );
    expect(table.rows).toHaveLength(1);
    expect(best(table, "site/a")).toEqual([]);
    const equal = resultTable(results([cell("FedSM", "a", 0.9), cell("FedAvg", "a", 0.9001)]), null);
    expect(best(equal, "site/a")).toEqual([]);
  });
});

describe("sortRows", () => {
  const table = resultTable(
    results([cell("One", "a", 0.5), cell("Two", "a", null), cell("Three", "a", 0.9), cell("Four", "a", 0.7)]),
    null,
  );
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
