import { describe, expect, it } from "vitest";
import type { TaskRecord } from "@/api";
import { lanes, openTasks, trainingCosts } from "./lanes";

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
    created_at: `2026-01-01T00:00:0${round}Z`,
    started_at: null,
    finished_at: null,
    seconds: null,
    bytes_up: null,
    bytes_down: null,
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
  it("adds what was sent and received", () => {
    expect(
      trainingCosts([task("a", 1, "completed", { seconds: 2, bytes_up: 10, bytes_down: 5 }), task("a", 2, "running")]),
    ).toEqual([{ round: 1, participant: "a", seconds: 2, bytes: 15 }]);
  });
});
