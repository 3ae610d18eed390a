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
    config: { schedule: { rounds: runs.length } },
    runs: runs.map(([run, status]) => ({ id: run, status, strategy_label: "FedSM", seed: 0, strategy: {} })),
  } as unknown as ExperimentRecord;
}

describe("runs side by side", () => {
  it("offers runs that have scores first, then the newest experiment, and no others", () => {
    const [first, second] = runChoices([
      experiment("aaaaaaaa", "One", "2026-01-01", ["r0", "failed"], ["r1", "completed"]),
      experiment("bbbbbbbb", "Two", "2026-01-02", ["r2", "failed"]),
    ]);
    expect(first?.items.map(({ value, disabled }) => [value, disabled])).toEqual([
      ["r1", false],
      ["r0", true],
    ]);
    expect(second).toEqual({ group: "Two", items: [{ value: "r2", label: "FedSM, seed 0 (failed)", disabled: true }] });
  });

  it("names chosen runs by what differs, and by the experiment where nothing does", () => {
    const done = ["r1", "r2", "r3"].map((id): [string, string] => [id, "completed"]);
    const [one, two] = [
      experiment("a", "One", "1", ...done.slice(0, 1)),
      experiment("b", "Two", "2", ...done.slice(1)),
    ];
    const labels = (...chosen: string[]) =>
      runChoices([one, two], chosen)
        .flatMap(({ items }) => items)
        .filter(({ value }) => chosen.includes(value))
        .map(({ label }) => label);
    expect(labels("r1")).toEqual(["FedSM, seed 0"]);
    expect(labels("r1", "r2")).toEqual(["FedSM, seed 0, rounds 2", "FedSM, seed 0, rounds 1"]);
    expect(labels("r2", "r3")).toEqual(["FedSM, seed 0, Two", "FedSM, seed 0, Two"]);
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
    const titles = (...ids: string[]) =>
      runTitles({ runs: ids.map(entry), parameters: [] } as unknown as RunComparison);
    expect(titles("a", "a")).toEqual(Array(2).fill({ name: "FedSM, seed 1", experiment: null }));
    expect(titles("a", "b")[1]).toEqual({ name: "FedSM, seed 1", experiment: "E b" });
  });
});
