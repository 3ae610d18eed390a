/** The runs of one or many experiments as rows: what is known of each, found, sorted and grouped. */

import type { ExperimentRecord, RunRecord, RunTestScores } from "@/api";
import { formatDateTime, formatDice, formatSeconds } from "@/lib/format";
import { formatScore, METRICS, metricTitle } from "@/lib/metrics";
import { settingsOf } from "@/lib/runSettings";
import { isOver } from "@/lib/status";

export interface RunRow {
  run: RunRecord;
  experiment: ExperimentRecord;
  /** Path to value of every setting that the run has. */
  settings: Readonly<Record<string, string>>;
  /** Names of the sites that train, or whose data does. */
  sites: readonly string[];
  /** Undefined while it was not tested, and until they are loaded. */
  tested: RunTestScores | undefined;
}

export interface Column {
  key: string;
  label: string;
  /** Numbers stand to the right. */
  isNumber: boolean;
  /** What is sorted by; null stands last. */
  value: (row: RunRow) => string | number | null;
  text: (row: RunRow) => string;
}

export function rowsOf(
  experiments: readonly ExperimentRecord[],
  scores: readonly RunTestScores[] = [],
  siteName: (slug: string) => string = (slug) => slug,
): RunRow[] {
  const tested = new Map(scores.map((of) => [of.run_id, of]));
  return experiments.flatMap((experiment) =>
    experiment.runs.map((run) => ({
      run,
      experiment,
      settings: settingsOf(experiment, run),
      sites: run.sites.map(siteName),
      tested: tested.get(run.id),
    })),
  );
}

function secondsOf({ started_at: start, finished_at: end }: RunRecord): number | null {
  return start && end ? (Date.parse(end) - Date.parse(start)) / 1000 : null;
}

const column = (
  key: string,
  label: string,
  value: Column["value"],
  text: Column["text"] = (row) => String(value(row) ?? "–"),
  isNumber = false,
): Column => ({ key, label, value, text, isNumber });

/** Those that every run has; the first ones are shown until others are chosen. */
export const COLUMNS: readonly Column[] = [
  column("experiment", "Experiment", ({ experiment }) => experiment.name),
  column("seed", "Seed", ({ run }) => run.seed, undefined, true),
  column(
    "state",
    "State",
    ({ run }) => run.status,
    ({ run }) => run.status,
  ),
  column(
    "round",
    "Round",
    ({ run }) => run.round,
    ({ run }) => `${run.round} of ${run.num_rounds}`,
    true,
  ),
  column(
    "dice",
    "Validation Dice ↑",
    ({ run }) => run.best_dice,
    ({ run }) => formatDice(run.best_dice),
    true,
  ),
  column("best", "Best round", ({ run }) => run.best_round, undefined, true),
  column(
    "left",
    "Time left",
    ({ run }) => run.eta_seconds,
    ({ run }) => formatSeconds(run.eta_seconds),
    true,
  ),
  column(
    "took",
    "Took",
    ({ run }) => secondsOf(run),
    ({ run }) => formatSeconds(secondsOf(run)),
    true,
  ),
  column(
    "failure",
    "Failure",
    ({ run }) => run.failure,
    ({ run }) => run.failure ?? "–",
  ),
  column("sites", "Sites", ({ sites }) => (sites.length > 0 ? sites.join(", ") : null)),
  column("author", "Made by", ({ experiment }) => experiment.created_by),
  column(
    "created",
    "Created",
    ({ run }) => run.created_at,
    ({ run }) => formatDateTime(run.created_at),
  ),
];
export const STANDARD_COLUMNS: readonly string[] = [
  "experiment",
  "seed",
  "state",
  "round",
  "dice",
  "test:dice",
  "took",
];
/** Of the runs of one experiment: the time that is left while one trains, then the test's scores; failures where one failed. */
export function columnsOfOne(runs: readonly Pick<RunRecord, "status" | "failure">[]): readonly string[] {
  const goOn = runs.some((run) => !isOver(run));
  const failed = runs.some(({ failure }) => failure !== null);
  const all = ["seed", "state", "round", "dice", goOn ? "left" : "test:dice", "took"];
  return failed ? [...all, "failure"] : all;
}

/** A column for every score of the test: the mean over cases and structures, with the unit that all runs share. */
export function testColumns(rows: readonly RunRow[]): Column[] {
  const units = new Set(rows.flatMap(({ tested }) => tested?.unit ?? []));
  const unit = units.size === 1 ? ([...units][0] ?? null) : units.size > 1 ? "mixed" : null;
  return METRICS.map(({ name }) => {
    const value = ({ tested }: RunRow) => tested?.scores[name] ?? null;
    return column(
      `test:${name}`,
      `Test ${metricTitle(name, unit)}`,
      value,
      (row) => formatScore(value(row), name),
      true,
    );
  });
}

/** A column for every setting that these runs do not share. */
export function settingColumns(rows: readonly RunRow[]): Column[] {
  const paths = [...new Set(rows.flatMap(({ settings }) => Object.keys(settings)))];
  const values = (path: string) => new Set(rows.flatMap(({ settings }) => settings[path] ?? []));
  return paths
    .filter((path) => values(path).size > 1)
    .map((path) => {
      const isNumber = [...values(path)].every((value) => value !== "" && Number.isFinite(Number(value)));
      const value = ({ settings }: RunRow) => {
        const own = settings[path];
        return own === undefined ? null : isNumber ? Number(own) : own;
      };
      return column(`setting:${path}`, path, value, (row) => row.settings[path] ?? "–", isNumber);
    });
}

export interface RowsWish {
  find?: string | undefined;
  state?: string | undefined;
  /** When left out, runs of experiments that are not in the archive. */
  archived?: boolean | "both" | undefined;
  sort?: string | undefined;
  descending?: boolean | undefined;
}

/** Words are looked for in the names of experiment and method, and in `setting=value`. */
export function wantedRows(rows: readonly RunRow[], columns: readonly Column[], wish: RowsWish): RunRow[] {
  const words = (wish.find ?? "").toLowerCase().split(/\s+/).filter(Boolean);
  const found = rows.filter(({ run, experiment, settings }) => {
    const { archived = false } = wish;
    if (archived !== "both" && (experiment.archived_at !== null) !== archived) return false;
    if (wish.state && run.status !== wish.state) return false;
    const text = `${experiment.name} ${run.strategy_label} seed=${run.seed}`.toLowerCase();
    return words.every((word) => text.includes(word) || hasSetting(settings, word));
  });
  const by = columns.find(({ key }) => key === wish.sort);
  return by ? sorted(found, by, wish.descending ?? false) : found;
}

function hasSetting(settings: RunRow["settings"], word: string): boolean {
  const [name = "", value] = word.split("=");
  if (value === undefined) return false;
  return Object.entries(settings).some(
    ([path, own]) => own.toLowerCase() === value && (path === name || path.endsWith(`.${name}`)),
  );
}

const NAMES = new Intl.Collator("en", { numeric: true });

function sorted(rows: readonly RunRow[], { value }: Column, descending: boolean): RunRow[] {
  const sign = descending ? -1 : 1;
  return [...rows].sort((left, right) => {
    const [one, other] = [value(left), value(right)];
    if (one === null || other === null) return Number(one === null) - Number(other === null);
    return (
      sign * (typeof one === "number" && typeof other === "number" ? one - other : NAMES.compare(`${one}`, `${other}`))
    );
  });
}

export interface RowGroup {
  name: string;
  rows: RunRow[];
}

/** In the order of their first rows. */
export function grouped(rows: readonly RunRow[], by: Column | undefined): RowGroup[] {
  if (!by) return [{ name: "", rows: [...rows] }];
  const groups = new Map<string, RunRow[]>();
  for (const row of rows) {
    const name = by.text(row);
    groups.set(name, [...(groups.get(name) ?? []), row]);
  }
  return [...groups].map(([name, own]) => ({ name, rows: own }));
}
