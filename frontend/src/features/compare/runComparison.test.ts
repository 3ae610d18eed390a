import { describe, expect, it } from "vitest";
import type { ComparedScore, ExperimentRecord, RunComparison } from "@/api";
import { isSignificant, parameterTitle, runChoices, runTitles, shownParameters } from "./runComparison";

const score = (mean: number | null, more: Partial<ComparedScore> = {}) =>
  ({ mean, p_holm: null, ...more }) as ComparedScore;

function experiment(id: string, name: string, day: string, ...runs: [string, string][]): ExperimentRecord {
  return {
    id,
    name,
    created_at: day,
    runs: runs.map(([run, status]) => ({ id: run, status, strategy_label: "FedSM", seed: 0 })),
  } as unknown as ExperimentRecord;
}

describe("runs side by side", () => {
  it("offers the newest experiment first, and only runs that have scores", () => {
    const [first, second] = runChoices([
      experiment("aaaaaaaa", "One", "2026-01-01", ["r1", "completed"]),
      experiment("bbbbbbbb", "Two", "2026-01-02", ["r2", "failed"]),
    ]);
    expect(first).toEqual({ group: "Two", items: [{ value: "r2", label: "FedSM, seed 0 (failed)", disabled: true }] });
    expect(second?.items[0]?.disabled).toBe(false);
  });

  it("tells two experiments of one name apart", () => {
    const groups = runChoices([experiment("aaaaaaaa", "Same", "1"), experiment("bbbbbbbb", "Same", "2")]);
    expect(groups.map(({ group }) => group)).toEqual(["Same (bbbbbb)", "Same (aaaaaa)"]);
  });

  it("shows what differs, or everything", () => {
    const comparison = {
      parameters: [
        { path: "a", values: ["1", "1"], differs: false },
        { path: "b", values: ["1", "2"], differs: true },
      ],
    } as RunComparison;
    expect(shownParameters(comparison, false).map(({ path }) => path)).toEqual(["b"]);
    expect(shownParameters(comparison, true)).toHaveLength(2);
  });

  it("names a setting by what it is of", () => {
    expect(parameterTitle("strategy.name")).toBe("Method");
    expect(parameterTitle("strategy.selector.name")).toBe("Selector");
    expect(parameterTitle("schedule.batch_size")).toBe("Batch size");
  });

  it("takes the adjusted p for significance", () => {
    expect(isSignificant(score(1, { p: 0.01, p_holm: 0.06 }))).toBe(false);
    expect(isSignificant(score(1, { p_holm: 0.049 }))).toBe(true);
  });

  it("names the experiment only where runs are of several", () => {
    const entry = (id: string) => ({
      run: { experiment_id: id, strategy_label: "FedSM", seed: 1 },
      experiment_name: `E ${id}`,
    });
    const titles = (...ids: string[]) => runTitles({ runs: ids.map(entry) } as unknown as RunComparison);
    expect(titles("a", "a")).toEqual(Array(2).fill({ name: "FedSM, seed 1", experiment: null }));
    expect(titles("a", "b")[1]).toEqual({ name: "FedSM, seed 1", experiment: "E b" });
  });
});
