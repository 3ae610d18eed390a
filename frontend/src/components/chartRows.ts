/** The table behind a chart: the same numbers as its option draws. */

/** The parts of a chart's option that hold its numbers. Their types are the chart library's and change with the chart. */
export interface ChartSource {
  xAxis?: unknown;
  yAxis?: unknown;
  series?: unknown;
}

/** What an axis counts, with its unit in brackets, where the chart has no room to say it. */
export interface AxisNames {
  x?: string | undefined;
  y?: string | undefined;
}

export type Cell = string | number | null;

export interface ChartTable {
  columns: { title: string; numeric: boolean }[];
  rows: Cell[][];
}

interface Axis {
  type?: string;
  name?: string;
  data?: unknown[];
  min?: unknown;
  max?: unknown;
}

interface Series {
  type?: string;
  name?: string;
  data?: unknown[];
  yAxisIndex?: number;
}

interface Parts {
  x: Axis;
  /** Two where lines of two measures share a chart. */
  ys: Axis[];
  series: Series[];
}

export function chartTable(source: ChartSource, names: AxisNames = {}): ChartTable {
  const parts = partsOf(source, names);
  const { x, ys, series } = parts;
  if (series.some(({ type }) => type === "heatmap")) return heatTable(parts);
  if (isCategory(x)) return categoryTable(x, (index) => ys[index] ?? {}, series);
  if (isCategory(ys[0])) return categoryTable(ys[0], () => x, series);
  if (series.some((entry) => entry.type === "scatter" || hasTwins(entry))) return pointTable(parts);
  return lineTable(parts);
}

/** A row a category; a column a series. */
function categoryTable(categories: Axis, measure: (index: number) => Axis, series: Series[]): ChartTable {
  const labels = (categories.data ?? []).map(labelOf);
  return {
    columns: [
      { title: categories.name ?? "", numeric: false },
      ...series.map((entry) => numberColumn(entry, measure(entry.yAxisIndex ?? 0))),
    ],
    rows: labels.map((label, row) => [label, ...series.map((entry) => numberOf(itemValue(entry.data?.[row])))]),
  };
}

/** A row for each place of the x-axis that is in view and has a point; a column a line. */
function lineTable({ x, ys, series }: Parts): ChartTable {
  const lines = series.map((entry) => new Map(pointsOf(entry, x)));
  const places = [...new Set(lines.flatMap((line) => [...line.keys()]))].sort((left, right) => left - right);
  return {
    columns: [
      { title: x.name ?? "", numeric: true },
      ...series.map((entry) => numberColumn(entry, ys[entry.yAxisIndex ?? 0] ?? {})),
    ],
    rows: places.map((place) => [place, ...lines.map((line) => line.get(place) ?? null)]),
  };
}

/** A row a point: several may share a place of the x-axis. */
function pointTable({ x, ys, series }: Parts): ChartTable {
  const several = series.length > 1;
  return {
    columns: [
      ...(several ? [{ title: "Series", numeric: false }] : []),
      { title: x.name ?? "", numeric: true },
      { title: ys[0]?.name ?? "", numeric: true },
    ],
    rows: series.flatMap((entry) =>
      pointsOf(entry, x).map((point): Cell[] => (several ? [entry.name ?? "", ...point] : point)),
    ),
  };
}

/** A row each category of the x-axis, a column each of the y-axis, as lines of the same numbers have them. */
function heatTable({ x, ys, series }: Parts): ChartTable {
  const heads = (ys[0]?.data ?? []).map(labelOf);
  const unit = unitOf(series[0]?.name);
  const rows: Cell[][] = (x.data ?? []).map((label) => [labelOf(label), ...heads.map(() => null)]);
  for (const item of series.flatMap((entry) => entry.data ?? [])) {
    const [column, row, value] = asList(itemValue(item));
    const cells = rows[Number(column)];
    if (cells && Number(row) < heads.length) cells[Number(row) + 1] = numberOf(value);
  }
  return {
    columns: [{ title: x.name ?? "", numeric: false }, ...heads.map((head) => ({ title: head + unit, numeric: true }))],
    rows,
  };
}

/** The line's name, with the unit of its axis. */
function numberColumn({ name }: Series, axis: Axis): ChartTable["columns"][number] {
  const unit = unitOf(axis.name);
  if (!name) return { title: axis.name ?? "", numeric: true };
  return { title: name.endsWith(unit) ? name : name + unit, numeric: true };
}

/** ` (ml)` of `Mean volume (ml)`. */
function unitOf(name: string | undefined): string {
  return name?.match(/ \([^()]*\)$/)?.[0] ?? "";
}

function partsOf(source: ChartSource, names: AxisNames): Parts {
  const named = (axis: Axis, name: string | undefined): Axis => ({ ...axis, name: name ?? (axis.name || undefined) });
  const [x = {}] = asList(source.xAxis) as Axis[];
  const [first = {}, ...others] = asList(source.yAxis) as Axis[];
  const series = asList(source.series) as Series[];
  // A filled area between two lines has no numbers of its own.
  const counted = series.filter(({ type }) => type !== "custom");
  return { x: named(x, names.x), ys: [named(first, names.y), ...others], series: counted };
}

function isCategory(axis: Axis | undefined): axis is Axis {
  return axis?.type === "category";
}

function hasTwins(entry: Series): boolean {
  const places = (entry.data ?? []).map((item) => Number(asList(itemValue(item))[0]));
  return new Set(places).size < places.length;
}

/** Those between the ends of the axis, where it has any: what is not drawn is not in the table. */
function pointsOf(entry: Series, x: Axis): [number, number | null][] {
  const low = typeof x.min === "number" ? x.min : Number.NEGATIVE_INFINITY;
  const high = typeof x.max === "number" ? x.max : Number.POSITIVE_INFINITY;
  return (entry.data ?? []).flatMap((item) => {
    const [place, value] = asList(itemValue(item));
    const at = Number(place);
    return at >= low && at <= high ? [[at, numberOf(value)] as [number, number | null]] : [];
  });
}

function itemValue(item: unknown): unknown {
  return typeof item === "object" && item !== null && "value" in item ? item.value : item;
}

function numberOf(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}

function labelOf(item: unknown): string {
  return String(itemValue(item) ?? "");
}

function asList(value: unknown): unknown[] {
  if (Array.isArray(value)) return value;
  return value === undefined || value === null ? [] : [value];
}

const SIGNIFICANT_DIGITS = 5;

/** Behind the point, of each column: the same in all of its rows, and no more than tells its largest number. */
export function columnDigits({ columns, rows }: ChartTable): number[] {
  return columns.map((_, column) => {
    const numbers = rows.map((row) => row[column]).filter((cell) => typeof cell === "number");
    const largest = numbers.reduce((most, number) => Math.max(most, Math.abs(number)), 0);
    if (largest === 0) return 0;
    const most = Math.min(15, Math.max(0, SIGNIFICANT_DIGITS - 1 - Math.floor(Math.log10(largest))));
    return numbers.reduce((digits, number) => Math.max(digits, digitsOf(number, most)), 0);
  });
}

function digitsOf(number: number, most: number): number {
  return Number.isInteger(number) ? 0 : (number.toFixed(most).replace(/0+$/, "").split(".")[1]?.length ?? 0);
}

/** The value as the table shows it; the file has every digit. */
export function cellText(cell: Cell, digits = 0): string {
  if (cell === null) return "–";
  return typeof cell === "string" ? cell : cell.toFixed(digits);
}

export function chartCsv({ columns, rows }: ChartTable): string {
  const lines = [columns.map(({ title }) => title), ...rows];
  return lines.map((line) => `${line.map(csvCell).join(",")}\n`).join("");
}

/** Names are what people typed: one that a spreadsheet would run as a formula stays text. */
function csvCell(cell: Cell): string {
  if (cell === null) return "";
  if (typeof cell === "number") return String(cell);
  const text = /^[=+\-@\t\r]/.test(cell) ? `'${cell}` : cell;
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** `Cases by size of optic disc` as `cases-by-size-of-optic-disc.csv`. */
export function csvName(label: string): string {
  const words = label
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter(Boolean);
  return `${words.slice(0, 10).join("-") || "chart"}.csv`;
}

export interface PageOfRows {
  rows: Cell[][];
  /** Counted from 1. */
  page: number;
  numPages: number;
  /** The number of the first row, counted from 1. */
  from: number;
}

/** A page that is there no more, as the chart lost rows, is the last one. */
export function pageOf(rows: Cell[][], wanted: number, size: number): PageOfRows {
  const numPages = Math.max(1, Math.ceil(rows.length / size));
  const page = Math.min(Math.max(1, wanted), numPages);
  const start = (page - 1) * size;
  return { rows: rows.slice(start, start + size), page, numPages, from: start + 1 };
}
