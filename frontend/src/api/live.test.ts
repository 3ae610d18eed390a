import { describe, expect, it } from "vitest";
import type { EventRecord } from "./generated/types.gen";
import { staleKeys } from "./live";

function event(kind: EventRecord["kind"], more: Partial<EventRecord> = {}): EventRecord {
  return {
    id: 1,
    at: "2026-01-01T00:00:00Z",
    kind,
    actor: "worker",
    level: "info",
    message: "",
    federation_id: "f",
    experiment_id: "e",
    run_id: "r",
    dataset_id: null,
    site_slug: null,
    round: null,
    task_id: null,
    ...more,
  };
}

describe("staleKeys", () => {
  it("fetches only the log, the tasks and the curves again for what a run says all the time", () => {
    const keys = ["log", "tasks", "task", "curves", "metrics"].map((what) => ["run", "r", what]);
    expect(staleKeys(event("metrics"))).toEqual(keys);
    expect(staleKeys(event("log"))).toEqual(keys);
    expect(staleKeys(event("log", { run_id: null }))).toEqual([]);
  });

  it("fetches the run, its experiment and their federation again when a status changes", () => {
    expect(staleKeys(event("status"))).toEqual([
      ["activity"],
      ["run", "r"],
      ["experiment", "e"],
      ["results", "e"],
      ["latest-result"],
      ["test-scores"],
      ["federation", "f"],
      ["experiments", "f"],
      ["datasets", "f"],
    ]);
  });

  it("fetches no results again when a round opens", () => {
    const keys = staleKeys(event("round"));
    expect(keys).toContainEqual(["experiments", "f"]);
    expect(keys).not.toContainEqual(["results", "e"]);
  });

  it("leaves an experiment's large tables alone while its tasks go on", () => {
    expect(staleKeys(event("task"))).toEqual([["activity"], ["run", "r"], ["experiment", "e"]]);
  });

  it("fetches a data set and its site's counts again when its check ends", () => {
    const keys = staleKeys(event("dataset", { run_id: null, experiment_id: null, dataset_id: "d" }));
    expect(keys).toContainEqual(["dataset", "d"]);
    expect(keys).toContainEqual(["federation", "f"]);
  });
});
