import { describe, expect, it } from "vitest";
import type { ExperimentRecord, RunTestScores } from "@/api";
import { COLUMNS, columnsOfOne, grouped, rowsOf, settingColumns, testColumns, wantedRows } from "./runRows";

const run = (id: string, label: string, changes: object = {}) => ({
  id,
  strategy: { name: "fedsm", lambda: 0.7, selector: { name: "lda" } },
  strategy_label: label,
  seed: 0,
  status: "completed",
  round: 20,
  num_rounds: 20,
  sites: ["a", "b"],
  best_dice: 0.8,
  best_round: 18,
  eta_seconds: null,
  failure: null,
  created_at: "2026-01-01T00:00:00Z",
  started_at: "2026-01-01T00:00:00Z",
  finished_at: "2026-01-01T00:01:00Z",
  ...changes,
});
const experiment = (name: string, rounds: number, runs: object[], archived: string | null = null) =>
  ({
    id: name,
    name,
    created_by: "ada",
    archived_at: archived,
    config: { strategies: [], seeds: [0], schedule: { rounds, batch_size: 4 } },
    runs,
  }) as unknown as ExperimentRecord;

const ROWS = rowsOf([
  experiment("First", 20, [
    run("1", "FedSM (lambda 0.7)"),
    run("2", "FedSM (lambda 0.9)", {
      strategy: { name: "fedsm", lambda: 0.9, selector: { name: "lda" } },
      best_dice: 0.9,
    }),
  ]),
  experiment("Run 10", 5, [run("3", "FedAvg", { strategy: { name: "fedavg" }, status: "failed", best_dice: null })]),
  experiment("Run 9", 5, [run("4", "FedAvg", { strategy: { name: "fedavg" }, seed: 3, best_dice: 0.85 })]),
  experiment("Old", 5, [run("5", "FedAvg")], "2026-01-02T00:00:00Z"),
]);
const all = [...COLUMNS, ...settingColumns(ROWS)];
const ids = (rows: typeof ROWS) => rows.map(({ run: own }) => own.id);

describe("runs of many experiments", () => {
  it("have a column for each setting that they do not share", () => {
    expect(settingColumns(ROWS).map(({ key, isNumber }) => [key, isNumber])).toEqual([
      ["setting:schedule.rounds", true],
      ["setting:lambda", true],
    ]);
    const lambda = settingColumns(ROWS)[1];
    expect(ROWS.map((row) => lambda?.text(row))).toEqual(["0.7", "0.9", "–", "–", "0.7"]);
  });

  it("are found by words and by setting=value, without what is archived", () => {
    expect(ids(wantedRows(ROWS, all, {}))).toEqual(["1", "2", "3", "4"]);
    expect(ids(wantedRows(ROWS, all, { archived: true }))).toEqual(["5"]);
    expect(ids(wantedRows(ROWS, all, { find: "fedsm lambda=0.9" }))).toEqual(["2"]);
    expect(ids(wantedRows(ROWS, all, { find: "rounds=5 seed=3" }))).toEqual(["4"]);
    expect(ids(wantedRows(ROWS, all, { state: "failed" }))).toEqual(["3"]);
    expect(ids(wantedRows(ROWS, all, { find: "rounds=" }))).toEqual([]);
  });

  it("are sorted by any column, names by their numbers, and last what has none", () => {
    expect(ids(wantedRows(ROWS, all, { sort: "dice", descending: true }))).toEqual(["2", "4", "1", "3"]);
    expect(ids(wantedRows(ROWS, all, { sort: "experiment" }))).toEqual(["1", "2", "4", "3"]);
    expect(ids(wantedRows(ROWS, all, { sort: "setting:lambda" }))).toEqual(["1", "2", "3", "4"]);
    expect(ids(wantedRows(ROWS, all, { sort: "nothing" }))).toEqual(["1", "2", "3", "4"]);
  });

  it("have any test score and the names of their sites", () => {
    const scores = [{ run_id: "2", unit: "mm", scores: { dice: 0.91234, hd95: 4 } }] as unknown as RunTestScores[];
    const rows = rowsOf([ROWS[0]?.experiment as ExperimentRecord], scores, (slug) => `Clinic ${slug.toUpperCase()}`);
    const columns = [...COLUMNS, ...testColumns(rows)];
    const texts = (key: string) => rows.map((row) => columns.find((column) => column.key === key)?.text(row));
    expect(texts("test:dice")).toEqual(["–", "0.912"]);
    expect(texts("sites")).toEqual(["Clinic A, Clinic B", "Clinic A, Clinic B"]);
    expect(columns.find(({ key }) => key === "test:hd95")?.label).toBe("Test HD95 in mm ↓");
    expect(ids(wantedRows(rows, columns, { sort: "test:dice" })), "last what has none").toEqual(["2", "1"]);
  });

  it("are grouped by what a column says", () => {
    const lambda = all.find(({ key }) => key === "setting:lambda");
    const groups = grouped(wantedRows(ROWS, all, {}), lambda);
    expect(groups.map(({ name, rows }) => [name, ids(rows)])).toEqual([
      ["0.7", ["1"]],
      ["0.9", ["2"]],
      ["–", ["3", "4"]],
    ]);
    expect(grouped(ROWS, undefined)).toHaveLength(1);
  });
});

describe("the columns of one experiment's runs", () => {
  it("have what is still to come, and then what came out", () => {
    const done = { status: "completed", failure: null } as const;
    expect(columnsOfOne([done, { ...done, status: "running" }])).toEqual(
      ["seed", "state", "round", "dice", "left", "took"], // no failure yet
    );
    const failed = { status: "failed", failure: "out of memory" } as const;
    expect(columnsOfOne([done, failed])).toEqual(["seed", "state", "round", "dice", "test:dice", "took", "failure"]);
  });
});
