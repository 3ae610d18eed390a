/** The results table: rows are methods' models, columns are sites, values are one metric's means over test cases. */

import type { ExperimentResults, ResultCell, ScoreName, ShownCell, StudentCost } from "@/api";
import { rowKey } from "@/lib/comparison";
import { compareScores } from "@/lib/metrics";

/** `all`: the cases of all sites that train, pooled. `worst`: of those sites, the one with the worst mean. */
export type ColumnKind = "all" | "worst" | "site";

export interface Column {
  key: string;
  kind: ColumnKind;
  /** null for columns of several sites. */
  slug: string | null;
  unseen: boolean;
}

export interface ResultRow {
  key: string;
  strategyLabel: string;
  model: ResultCell["model"];
  /** One cell a column, in the columns' order. */
  cells: ShownCell[];
  /** Gradient steps of the whole training; null where they were not counted. */
  steps: number | null;
  /** Of a super model: what its student costs in Dice; null: it has none. */
  student: StudentCost | null;
}

/** The table of the backend, which alone rounds, marks the best and finds the worst site. */
export interface ResultTable {
  columns: Column[];
  rows: ResultRow[];
}

export interface Sort {
  column: string;
  /** `best`: the best row first. */
  first: "best" | "worst";
}

export function resultTable(
  results: Pick<ExperimentResults, "columns" | "tables">,
  structure: string | null,
): ResultTable {
  const columns = results.columns.map(
    ({ key, site_slug, unseen }): Column => ({ key, kind: kindOf(key), slug: site_slug, unseen }),
  );
  const table = results.tables.find((entry) => entry.structure === structure);
  const rows = (table?.rows ?? []).map(
    ({ strategy_label, model, cells, effort, student }): ResultRow => ({
      key: rowKey(strategy_label, model),
      strategyLabel: strategy_label,
      model,
      cells,
      steps: effort?.steps ?? null,
      student: student ?? null,
    }),
  );
  return { columns, rows };
}

function kindOf(key: string): ColumnKind {
  return key === "all" || key === "worst" ? key : "site";
}

/** Equal rows keep their order; those without a value stay last whichever way it is sorted. */
export function sortRows(table: ResultTable, sort: Sort | null, metric: ScoreName): ResultRow[] {
  const column = sort ? table.columns.findIndex((entry) => entry.key === sort.column) : -1;
  if (!sort || column < 0) return table.rows;
  const value = (row: ResultRow) => row.cells[column]?.score?.mean ?? null;
  return [...table.rows].sort((left, right) => {
    const order = compareScores(value(right), value(left), metric);
    return sort.first === "best" || value(left) === null || value(right) === null ? order : -order;
  });
}

/** Best first, then worst first, then the experiment's own order. */
export function nextSort(sort: Sort | null, column: string): Sort | null {
  if (sort?.column !== column) return { column, first: "best" };
  return sort.first === "best" ? { column, first: "worst" } : null;
}

/** True when some method of the table has more than one seed. */
export function hasSeveralSeeds(results: ExperimentResults): boolean {
  return results.cells.some((cell) => cell.num_seeds > 1);
}

/** False before the first run was evaluated: cells exist from the beginning, but without a case. */
export function hasScores(results: ExperimentResults): boolean {
  return results.cells.some((cell) => cell.num_cases > 0);
}
