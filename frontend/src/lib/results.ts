/** The results table: rows are methods' models, columns are sites, values are one metric's means over test cases. */

import type { ExperimentResults, ResultCell, ScoreName } from "@/api";
import { compareScores, scoreDigits } from "./metrics";

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
  /** One cell a column, in the columns' order; undefined where the method has none yet. */
  cells: (ResultCell | undefined)[];
}

export interface ResultTable {
  columns: Column[];
  rows: ResultRow[];
  /** Keys of the best rows of each column. What looks equal is equally good. */
  best: ReadonlySet<string>[];
}

export interface Sort {
  column: string;
  /** `best`: the best row first. */
  first: "best" | "worst";
}

export const ALL_SITES = "all";
export const WORST_SITE = "worst";
const SITE = "site/";

/** The column under which the URL knows a site; slugs hold no slash, so it is none of the others. */
export function siteColumn(slug: string): string {
  return `${SITE}${slug}`;
}

/** What sums up the row comes first: with many sites the rest is out of sight. One site has no worst one. */
export function tableColumns(results: Pick<ExperimentResults, "sites" | "unseen_sites">): Column[] {
  const unseen = new Set(results.unseen_sites);
  const sites = results.sites.map(
    (slug): Column => ({ key: siteColumn(slug), kind: "site", slug, unseen: unseen.has(slug) }),
  );
  const several = sites.filter((column) => !column.unseen).length > 1;
  const columns: Column[] = [{ key: ALL_SITES, kind: "all", slug: null, unseen: false }];
  if (several) columns.push({ key: WORST_SITE, kind: "worst", slug: null, unseen: false });
  return [...columns, ...sites];
}

export function resultTable(results: ExperimentResults, structure: string | null): ResultTable {
  const columns = tableColumns(results);
  const cells = results.cells.filter((cell) => cell.structure === structure);
  const byRow = new Map<string, ResultCell[]>();
  for (const cell of cells) {
    const key = rowKey(cell.strategy_label, cell.model);
    byRow.set(key, [...(byRow.get(key) ?? []), cell]);
  }
  const rows = [...byRow].flatMap(([key, own]): ResultRow[] => {
    const first = own[0];
    if (!first) return [];
    const inColumns = columns.map((column) => cellOf(own, column, results.metric));
    return [{ key, strategyLabel: first.strategy_label, model: first.model, cells: inColumns }];
  });
  return { columns, rows, best: columns.map((_, index) => bestRows(rows, index, results.metric)) };
}

export function rowKey(strategyLabel: string, model: string): string {
  return `${strategyLabel}/${model}`;
}

function cellOf(own: readonly ResultCell[], column: Column, metric: ScoreName): ResultCell | undefined {
  if (column.kind === "worst") return worstCell(own, metric);
  return own.find((cell) => cell.site_slug === column.slug);
}

/** Of the sites that train: how the method serves whom it serves worst. */
function worstCell(own: readonly ResultCell[], metric: ScoreName): ResultCell | undefined {
  const known = own.filter((cell) => cell.site_slug !== null && !cell.unseen && cell.mean !== null);
  if (known.length === 0) return undefined;
  return known.reduce((worst, cell) => (compareScores(cell.mean, worst.mean, metric) < 0 ? cell : worst));
}

function bestRows(rows: readonly ResultRow[], column: number, metric: ScoreName): ReadonlySet<string> {
  const shown = rows.flatMap((row) => {
    const mean = row.cells[column]?.mean;
    return mean === null || mean === undefined
      ? []
      : [{ key: row.key, mean: Number(mean.toFixed(scoreDigits(metric))) }];
  });
  // One alone is not the best of anything, nor is one of all that are equal.
  if (new Set(shown.map((row) => row.mean)).size < 2) return new Set();
  const best = shown.reduce((first, second) => (compareScores(second.mean, first.mean, metric) > 0 ? second : first));
  return new Set(shown.filter((row) => row.mean === best.mean).map((row) => row.key));
}

/** Equal rows keep their order; those without a value stay last whichever way it is sorted. */
export function sortRows(table: ResultTable, sort: Sort | null, metric: ScoreName): ResultRow[] {
  const column = sort ? table.columns.findIndex((entry) => entry.key === sort.column) : -1;
  if (!sort || column < 0) return table.rows;
  const value = (row: ResultRow) => row.cells[column]?.mean ?? null;
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
