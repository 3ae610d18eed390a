/** The results table: rows are methods' models, columns are sites, values are mean Dice over test cases. */

import type { ExperimentResults, ResultCell } from "@/api";

export interface ResultRow {
  key: string;
  strategyLabel: string;
  model: string;
  /** One cell a column, in the columns' order; undefined where the method has none yet. */
  cells: (ResultCell | undefined)[];
}

export interface ResultTable {
  /** Site slugs, then null for all sites' cases pooled. */
  columns: (string | null)[];
  rows: ResultRow[];
  /** Indices of the rows that are best, for each column. Ties of the shown digits are all best. */
  best: ReadonlySet<number>[];
}

/** Two values that look the same in the table are equally good. */
const SHOWN_DIGITS = 3;

export function resultTable(results: ExperimentResults, structure: string | null): ResultTable {
  const columns = [...results.sites, null];
  const rows = new Map<string, ResultRow>();
  for (const cell of results.cells) {
    if (cell.structure !== structure) continue;
    const key = `${cell.strategy_label}/${cell.model}`;
    const row = rows.get(key) ?? {
      key,
      strategyLabel: cell.strategy_label,
      model: cell.model,
      cells: columns.map(() => undefined),
    };
    row.cells[columns.indexOf(cell.site_slug)] = cell;
    rows.set(key, row);
  }
  const ordered = [...rows.values()];
  return { columns, rows: ordered, best: columns.map((_, column) => bestRows(ordered, column)) };
}

function bestRows(rows: readonly ResultRow[], column: number): ReadonlySet<number> {
  const shown = rows.map((row) => {
    const mean = row.cells[column]?.mean;
    return mean === null || mean === undefined ? null : Number(mean.toFixed(SHOWN_DIGITS));
  });
  const present = shown.filter((value) => value !== null);
  if (present.length < 2) return new Set();
  const highest = Math.max(...present);
  return new Set(shown.flatMap((value, index) => (value === highest ? [index] : [])));
}
