import { describe, expect, it } from "vitest";
import type { SweepAxis, SweepPlan } from "@/api";
import type { Field } from "@/lib/schema";
import type { Values } from "./formValues";
import { atFields, planProblems, refusedFields, sharedName, sweepValues, sweptColumns, withSwept } from "./sweep";

const number = { kind: "number", schema: {} } as Field;
const values = {
  name: "x",
  description: "",
  schedule: { learning_rate: 0.001 },
  strategies: [{ name: "fedavg" }, { name: "fedsm", lambda: 0.7, selector: { name: "lda", shrinkage: 0.1 } }],
  sweep: {},
} as unknown as Values;
const swept = (sweep: Record<string, unknown[]>) => ({
  ...values,
  sweep: Object.fromEntries(Object.entries(sweep).map(([path, own]) => [path, { text: own.join(), values: own }])),
});

const axes = ({ sweep }: Values) =>
  Object.entries(sweep ?? {}).map(([path, entry]) => ({ path, values: entry.values as SweepAxis["values"] }));

describe("several values", () => {
  it("are a list, or a range without the dirt of binary fractions", () => {
    expect(sweepValues("0.5, 0.7; 0.9,", number)).toEqual([0.5, 0.7, 0.9]);
    expect(sweepValues("0.1 to 0.9 by 0.2", number)).toEqual([0.1, 0.3, 0.5, 0.7, 0.9]);
    expect(sweepValues("1 to 3, 10", number)).toEqual([1, 2, 3, 10]);
    expect(sweepValues("9 to 1 by -4", number)).toEqual([9, 5, 1]);
  });

  it("stay text where they are no number, for the backend to refuse by name", () => {
    expect(sweepValues("half", number)).toEqual(["half"]);
    expect(sweepValues("1 to 9 by 0", number)).toEqual(["1 to 9 by 0"]);
    expect(sweepValues("9 to 1", number)).toEqual(["9 to 1"]);
    expect(sweepValues("1 to 1e9", number)).toHaveLength(100);
  });

  it("of a choice are the contract's own, of a switch off and on", () => {
    const choice = { kind: "choice", schema: { enum: [1, 2, 3] } } as unknown as Field;
    expect(sweepValues("1,3", choice)).toEqual([1, 3]);
    expect(sweepValues("false,true", { kind: "boolean", schema: {} } as Field)).toEqual([false, true]);
  });
});

describe("the axes", () => {
  it("stand in place of the one value among what differs from the defaults", () => {
    const now = swept({ "fedsm.lambda": [0.5, 0.9], "schedule.learning_rate": [1, 2] });
    const changes = [{ path: "strategies.1.lambda", value: "0.7", default: "0.8" }];
    expect(withSwept(changes, axes(now), now)).toEqual([
      { path: "strategies.1.lambda", value: "0.5, 0.9", default: "0.8" },
      { path: "schedule.learning_rate", value: "1, 2", default: "0.001" },
    ]);
  });

  it("are columns of the table of runs", () => {
    const now = swept({ "fedsm.lambda": [0.5], "schedule.learning_rate": [1] });
    expect(sweptColumns(axes(now), now)).toEqual(["setting:lambda", "setting:schedule.learning_rate"]);
  });
});

describe("problems of a grid", () => {
  const problem = { field: "axes.0.values", value: "7", message: "too much", remedy: "less" };

  it("stand at the field of their axis", () => {
    const now = swept({ "fedsm.lambda": [0.5, 7] });
    const [moved, other] = atFields([problem, { ...problem, field: "axes" }], axes(now), now);
    expect([moved?.field, moved?.value, other?.field]).toEqual(["strategies.1.lambda", "0.5, 7", "axes"]);
  });

  it("of one experiment say of which, those of all are said once", () => {
    const few = { field: "config.minimum_sites", value: "2", message: "too few", remedy: "" };
    const own = { field: "strategies.2.lambda", value: "", message: "odd", remedy: "" };
    const config = { strategies: [{ name: "fedavg" }, { name: "fedsm" }, { name: "fedsm" }] };
    const plan = {
      experiments: [
        { label: "rounds 1", config, problems: [few, own] },
        { label: "rounds 2", config, problems: [few, own] },
      ],
    } as unknown as SweepPlan;
    const found = planProblems(plan, [few], values);
    expect(found.map(({ field, message }) => [field, message])).toEqual([["strategies.1.lambda", "odd (rounds 1)"]]);
  });

  it("are those that the check without a grid has not found", () => {
    const known = { field: "schedule.rounds", value: "0", message: "too few", remedy: "" };
    const found = refusedFields(
      [problem, { ...known, field: "config.schedule.rounds" }, { ...known, field: "name" }],
      [known],
    );
    expect(found.map(({ field }) => field)).toEqual(["axes.0.values", "name"]);
  });
});

describe("what a sweep's experiments are found by", () => {
  it("is what their names share, in whole words", () => {
    expect(sharedName(["How fast (schedule.rounds 10)", "How fast (schedule.rounds 12)"])).toBe("How fast");
    expect(sharedName(["Try (copy) (schedule.rounds 4)", "Try (copy) (schedule.rounds 8)"])).toBe("Try (copy)");
    expect(sharedName(["How fast (1 of 9)", "How fast (2 of 9)"])).toBe("How fast");
  });

  it("has no word that was cut shorter in one name than in another", () => {
    expect(sharedName(["A long quest (x 0.001)", "A long questi (x 0.01)"])).toBe("A long");
    expect(sharedName(["Questions", "Question"])).toBe("Question");
  });

  it("is the one name there is", () => {
    expect(sharedName(["How fast"])).toBe("How fast");
    expect(sharedName([])).toBe("");
  });
});
