import { describe, expect, it } from "vitest";
import type { ExperimentResults, ResultCell } from "@/api";
import { resultTable } from "./results";

function cell(label: string, site: string | null, mean: number | null, structure: string | null = null): ResultCell {
  return {
    strategy_label: label,
    model: "global",
    site_slug: site,
    structure,
    mean,
    std: null,
    num_cases: 4,
    num_missing: 0,
    num_seeds: 1,
  };
}

function results(cells: ResultCell[]): ExperimentResults {
  return { experiment_id: "e", structures: ["disc"], sites: ["a", "b"], cells, selectors: [], complete: true };
}

describe("resultTable", () => {
  it("puts sites in their order and the pooled column last", () => {
    const table = resultTable(
      results([cell("FedAvg", null, 0.7), cell("FedAvg", "b", 0.6), cell("FedAvg", "a", 0.8)]),
      null,
    );
    expect(table.columns).toEqual(["a", "b", null]);
    expect(table.rows[0]?.cells.map((entry) => entry?.mean)).toEqual([0.8, 0.6, 0.7]);
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
    expect([...(table.best[0] ?? [])]).toEqual([0, 1]);
    expect([...(table.best[1] ?? [])]).toEqual([2]);
  });

  it("names no best where there is nothing to compare, and keeps to the chosen structure", () => {
    const table = resultTable(results([cell("FedSM", "a", 0.9, "disc"), cell("FedAvg", "a", 0.4)]), "disc");
    expect(table.rows).toHaveLength(1);
    expect(table.best[0]?.size).toBe(0);
  });
});
