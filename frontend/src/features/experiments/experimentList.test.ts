import { describe, expect, it } from "vitest";
import type { ExperimentRecord } from "@/api";
import { bestDice, listExperiments, notComparedWords, progressOf } from "./experimentList";

function experiment(name: string, more: Partial<ExperimentRecord> = {}, runs: object[] = []): ExperimentRecord {
  return {
    id: name,
    name,
    description: "",
    created_at: `2026-01-0${name.length}`,
    started_at: "2026-01-01",
    archived_at: null,
    runs: runs.map((run) => ({
      num_rounds: 10,
      num_finished_rounds: 0,
      best_dice: null,
      strategy_label: "FedAvg",
      ...run,
    })),
    ...more,
  } as unknown as ExperimentRecord;
}

const DONE = experiment("ab", {}, [
  { status: "completed", num_finished_rounds: 10, best_dice: 0.8 },
  { status: "failed", num_finished_rounds: 4, best_dice: 0.9, strategy_label: "FedSM" },
]);
const GOING = experiment("abc", {}, [{ status: "running", num_finished_rounds: 2 }]);
const IDLE = experiment("a", { started_at: null }, [{ status: "created" }]);
const OLD = experiment("abcd", { archived_at: "2026-02-02" });
const ALL = [DONE, GOING, IDLE, OLD];

const names = (wish: Parameters<typeof listExperiments>[1]) => listExperiments(ALL, wish).map((entry) => entry.name);

describe("the list of experiments", () => {
  it("shows the newest first and hides what is archived", () => {
    expect(names({})).toEqual(["abc", "ab", "a"]);
    expect(names({ archived: true })).toEqual(["abcd"]);
  });

  it("filters by state and by words in name or methods", () => {
    expect(names({ state: "running" })).toEqual(["abc"]);
    expect(names({ state: "failed" })).toEqual(["ab"]);
    expect(names({ state: "not-started" })).toEqual(["a"]);
    expect(names({ text: "fedsm AB" })).toEqual(["ab"]);
  });

  it("orders by the best score of a run that did not fail, those without one last", () => {
    expect(names({ order: "best" })[0]).toBe("ab");
    expect(bestDice(DONE)).toEqual({ dice: 0.8, label: "FedAvg" });
    expect(bestDice(IDLE)).toBeNull();
  });

  it("compares no Dice that lacks a site's cases, and says so", () => {
    const lost = { status: "completed", best_dice: 0.95, compared: { left_out_participants: ["c"] } };
    const mixed = experiment("mixed", {}, [lost, { status: "completed", best_dice: 0.7, strategy_label: "FedSM" }]);
    expect(bestDice(mixed)).toEqual({ dice: 0.7, label: "FedSM" });
    expect(notComparedWords(mixed)).toBe("not compared: 1 run that not every site validated");
    expect(bestDice(experiment("lost", {}, [lost]))).toBeNull();
    expect(notComparedWords(DONE)).toBeNull();
  });

  it("names every method whose Dice prints alike", () => {
    const tied = ["FedSM", "FedAvg", "FedAvg"].map((label, index) => ({
      status: "completed",
      best_dice: 0.8 + index / 10000,
      strategy_label: label,
    }));
    expect(bestDice(experiment("tied", {}, tied))?.label).toBe("FedSM, FedAvg");
  });

  it("counts finished rounds, not the one under way", () => {
    expect(progressOf(GOING)).toBeCloseTo(0.2);
    expect(progressOf(DONE)).toBeCloseTo(0.7);
  });
});
