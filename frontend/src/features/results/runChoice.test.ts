import { describe, expect, it } from "vitest";
import type { RunRecord } from "@/api";
import { chosenMethods, chosenRun, firstSeeds, missingRuns, runName, testedRuns } from "./runChoice";

function run(id: string, label: string, seed: number, more: object = {}): RunRecord {
  return { id, strategy_label: label, seed, status: "completed", strategy: { name: "fedavg" }, ...more } as RunRecord;
}

const runs = [
  run("a0", "FedAvg", 0),
  run("a1", "FedAvg", 1),
  run("s0", "FedSM", 0, { strategy: { name: "fedsm" } }),
  run("d0", "Ditto", 0, { status: "running" }),
];
const ids = (list: RunRecord[]) => list.map((entry) => entry.id);

describe("which run is shown", () => {
  it("is the asked one if it was tested, else the first with a selector, else the first", () => {
    const tested = testedRuns(runs);
    expect(ids(tested)).toEqual(["a0", "a1", "s0"]);
    expect(chosenRun(tested, "a1")?.id).toBe("a1");
    expect(chosenRun(tested, "d0")?.id).toBe("s0");
    expect(chosenRun(tested.slice(0, 2), undefined)?.id).toBe("a0");
    expect(chosenRun([], "a1")).toBeUndefined();
  });

  it("takes the first seed of each method in the experiment's order", () => {
    expect(ids(firstSeeds(runs))).toEqual(["a0", "s0", "d0"]);
  });

  it("names the seed only where there are several", () => {
    expect(runs.map((entry) => runName(entry, runs))).toEqual(["FedAvg, seed 0", "FedAvg, seed 1", "FedSM", "Ditto"]);
  });

  it("says of each run without a result what became of it, the failed ones first", () => {
    const states = [
      run("a", "FedAvg", 0),
      run("b", "FedProx", 0, { status: "running", round: 3, num_rounds: 10 }),
      run("c", "Ditto", 0, { status: "queued" }),
      run("d", "FedPer", 0, { status: "failed", round: 2 }),
    ];
    expect(missingRuns(states).map(({ words, failed }) => [words, failed])).toEqual([
      ["FedPer failed in round 2", true],
      ["FedProx is in round 3 of 10", false],
      ["Ditto waits for a worker", false],
    ]);
    expect(missingRuns(states.slice(0, 1))).toEqual([]);
  });
});

describe("which methods are drawn over their seeds", () => {
  const many = Array.from({ length: 20 }, (_, index) => ({ strategy_label: `M${index % 10}` })) as RunRecord[];

  it("is the wanted ones that exist, else the first for which there is room", () => {
    expect(chosenMethods(many, undefined, 8)).toEqual(["M0", "M1", "M2", "M3", "M4", "M5", "M6", "M7"]);
    expect(chosenMethods(many, ["M9", "gone", "M1"], 8)).toEqual(["M9", "M1"]);
    expect(chosenMethods(many, ["gone"], 2)).toEqual(["M0", "M1"]);
  });
});
