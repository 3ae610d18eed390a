import { describe, expect, it } from "vitest";
import type { TaskRecord } from "@/api";
import { lanes, openTasks, siteTotals, trainingCosts } from "./lanes";

function task(
  participant: string,
  round: number,
  status: TaskRecord["status"],
  more: Partial<TaskRecord> = {},
): TaskRecord {
  return {
    id: `${participant}-${round}-${status}`,
    kind: "train_site",
    round,
    participant,
    status,
    attempt: 1,
    fraction: 0,
    worker: null,
    error: null,
    failure_kind: null,
    created_at: `2026-01-01T00:00:0${round}Z`,
    sent_at: "2026-01-01T00:00:00Z",
    started_at: null,
    finished_at: null,
    seconds: null,
    transfer_seconds: null,
    bytes_up: null,
    bytes_down: null,
    num_dropped: 0,
    ...more,
  };
}

describe("lanes", () => {
  it("has a lane for each participant in site order and a column for each round and the test", () => {
    const result = lanes(
      [task("b", 1, "completed"), task("a", 1, "running"), task("a", 2, "queued", { kind: "evaluate_site" })],
      ["a", "b"],
      2,
    );
    expect(result.map((lane) => lane.participant)).toEqual(["a", "b"]);
    expect(result[0]?.cells.map((cell) => cell.state)).toEqual(["training", "none", "waiting"]);
    expect(result[1]?.cells.map((cell) => cell.state)).toEqual(["done", "none", "none"]);
  });

  it("calls a round skipped that went on without the site", () => {
    const result = lanes([task("a", 1, "completed"), task("a", 2, "running"), task("b", 2, "failed")], ["a", "b"], 3);
    expect(result[1]?.cells.map((cell) => cell.state)).toEqual(["skipped", "failed", "none", "none"]);
  });

  it("calls the last round skipped too once the run is tested, and no round of a site that never trains", () => {
    const test = { kind: "evaluate_site" } as const;
    const tasks = [
      task("a", 1, "completed"),
      task("b", 1, "completed"),
      task("a", 2, "completed"),
      ...["a", "b", "c"].map((site) => task(site, 3, "completed", test)),
    ];
    const result = lanes(tasks, ["a", "b", "c"], 3).map((lane) => lane.cells.map((cell) => cell.state));
    expect(result).toEqual([
      ["done", "done", "none", "done"],
      ["done", "skipped", "none", "done"],
      ["apart", "apart", "apart", "done"],
    ]);
  });

  it("tells an update on its way from training", () => {
    const tasks = [task("a", 1, "running", { fraction: 1 }), task("b", 1, "running", { fraction: 0.9 })];
    expect(lanes(tasks, ["a", "b"], 1).map((lane) => lane.cells[0]?.state)).toEqual(["sending", "training"]);
  });

  it("shows the newest task of a repeated round", () => {
    const repeated = task("a", 1, "running", { created_at: "2026-01-02T00:00:00Z" });
    expect(lanes([repeated, task("a", 1, "crashed")], ["a"], 1)[0]?.cells[0]?.state).toBe("training");
  });

  it("keeps participants that are no sites, such as pooled data", () => {
    expect(lanes([task("pooled", 1, "completed")], ["a"], 1).map((lane) => lane.participant)).toEqual(["pooled"]);
  });
});

describe("openTasks", () => {
  it("names running tasks before waiting ones, and no finished one", () => {
    const open = openTasks([task("a", 1, "completed"), task("b", 1, "queued"), task("c", 1, "running")]);
    expect(open.map((entry) => entry.participant)).toEqual(["c", "b"]);
  });
});

describe("trainingCosts", () => {
  const done = { seconds: 2, transfer_seconds: 0.5, started_at: "2026-01-01T00:00:03Z", bytes_up: 10, bytes_down: 5 };
  const costs = trainingCosts([
    task("b", 1, "completed", done),
    task("a", 1, "completed", done),
    task("a", 2, "completed", done),
    task("a", 3, "running"),
  ]);

  it("splits a task's time into waiting (3 s - 0 s), work (2 s - 0.5 s) and transfer", () => {
    const each = { waiting: 3, working: 1.5, transfer: 0.5, bytesUp: 10, bytesDown: 5 };
    expect(costs[0]).toEqual({ round: 1, participant: "b", ...each });
    expect(costs).toHaveLength(3);
  });

  it("adds them up by site", () => {
    expect(siteTotals(costs).map((total) => [total.participant, total.rounds, total.waiting, total.bytesUp])).toEqual([
      ["b", 1, 3, 10],
      ["a", 2, 6, 20],
    ]);
  });
});
