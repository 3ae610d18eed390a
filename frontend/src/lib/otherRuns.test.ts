import { describe, expect, it } from "vitest";
import type { RunCases, RunRecord, ScoredCase } from "@/api";
import { caseScore, modelOfCase } from "./caseScores";
import { choiceName, otherModels, runsNamed, splitModel, withChosen, withOthers } from "./otherRuns";

const run = (id: string, label: string, name: string, seed = 0, status = "completed") =>
  ({ id, strategy_label: label, strategy: { name }, seed, status }) as unknown as RunRecord;

const FEDSM = run("r1", "FedSM", "fedsm");
const FEDAVG = run("r2", "FedAvg", "fedavg");
const LOCAL = run("r3", "Local-only", "local-only");

const scored = (scores: object, predictions: object) =>
  ({ case_id: "1", site_slug: "a", scores, predictions }) as unknown as ScoredCase;

describe("models of other runs", () => {
  it("are written with their run, and read back", () => {
    expect(splitModel("personalized/a@r2")).toEqual({ model: "personalized/a", run: "r2" });
    expect(splitModel("super")).toEqual({ model: "super", run: null });
    expect(runsNamed(["super", "global@r2", null, "personalized@r2", undefined])).toEqual(["r2"]);
  });

  it("are offered by run, what the method is for first, and only of tested runs", () => {
    const all = [FEDSM, FEDAVG, LOCAL, run("r4", "Ditto", "ditto", 0, "running")];
    expect(otherModels(FEDAVG, all)).toEqual([
      {
        group: "FedSM",
        items: [
          { value: "super@r1", label: "FedSM: super model" },
          { value: "personalized@r1", label: "FedSM: personalized model" },
          { value: "global@r1", label: "FedSM: global model" },
        ],
      },
      { group: "Local-only", items: [{ value: "personalized@r3", label: "Local-only: personalized model" }] },
    ]);
  });

  it("name the seed where there are several", () => {
    const all = [FEDSM, run("r5", "FedSM", "fedsm", 1)];
    expect(choiceName("super@r5", all)).toBe("FedSM, seed 1: super model");
    expect(choiceName("super", all)).toBe("Super model");
    expect(choiceName("global@gone", all)).toBe("Global model of another run");
  });

  it("stay among the choices when their run is gone", () => {
    const groups = [{ group: "FedSM", items: [{ value: "super@r1", label: "FedSM: super model" }] }];
    expect(withChosen(groups, "super@r1", "FedSM: super model")).toBe(groups);
    expect(withChosen(groups, "super", "Super model")).toBe(groups);
    const item = { value: "global@gone", label: "Global model of another run" };
    expect(withChosen(groups, item.value, item.label)).toEqual([...groups, { group: "Another run", items: [item] }]);
  });

  it("lend the case their masks and scores", () => {
    const own = scored({ super: { disc: { dice: 0.9 } } }, { super: "/mine" });
    const other = scored(
      { global: { disc: { dice: 0.7 } }, "personalized/a": { disc: { dice: 0.8 } } },
      { global: "/theirs" },
    );
    const [both = own] = withOthers([own], [{ run_id: "r2", cases: [other] } as unknown as RunCases]);
    expect(both.predictions).toEqual({ super: "/mine", "global@r2": "/theirs" });
    expect(caseScore(both, "global@r2", null, "dice")).toBe(0.7);
    expect(caseScore(both, modelOfCase("personalized@r2", both), null, "dice")).toBe(0.8);
    expect(withOthers([own], [{ run_id: "r2", cases: [] } as unknown as RunCases])).toEqual([own]);
  });
});
