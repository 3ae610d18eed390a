import { describe, expect, it } from "vitest";
import { fieldsOf, type JsonSchema } from "@/lib/schema";
import { axesOf, axisPath, counts, fieldPath, firstConfig, placesOf, sweepOptions } from "./axes";
import type { Values } from "./formValues";

const named = (name: string, properties: Record<string, JsonSchema>): JsonSchema => ({
  type: "object",
  properties: { name: { const: name }, ...properties },
});
const number: JsonSchema = { type: "number" };
const union = (...names: string[]): JsonSchema => ({
  oneOf: names.map((name) => ({ $ref: `#/$defs/${name}` })),
  discriminator: {
    propertyName: "name",
    mapping: Object.fromEntries(names.map((name) => [name, `#/$defs/${name}`])),
  },
});
const schema: JsonSchema = {
  $defs: {
    fedavg: named("fedavg", {}),
    fedsm: named("fedsm", { lambda: number, selector: union("lda", "cnn") }),
    lda: named("lda", { shrinkage: number }),
    cnn: named("cnn", { epochs: number }),
    schedule: {
      type: "object",
      properties: {
        learning_rate: number,
        loss: { enum: ["dice", "tversky"] },
        tversky_beta: { ...number, applies_when: { loss: ["tversky"] } },
        depth: { ...number, applies_when: { "data.dimensions": [3] } },
      },
    },
  },
  properties: {
    schedule: { $ref: "#/$defs/schedule" },
    minimum_sites: { type: "integer" },
    strategies: { type: "array", items: union("fedavg", "fedsm") },
  },
};
const values = {
  name: "x",
  description: "",
  data: { dimensions: 2 },
  schedule: { learning_rate: 0.001, loss: "dice", tversky_beta: 0.5, depth: 8 },
  minimum_sites: 1,
  strategies: [
    { name: "fedavg" },
    { name: "fedsm", lambda: 0.7, selector: { name: "lda", shrinkage: 0.1 } },
    { name: "fedsm", lambda: 0.7, selector: { name: "cnn", epochs: 2 } },
  ],
  sweep: {},
} as unknown as Values;
const swept = (sweep: Record<string, unknown[]>, changes: Partial<Values> = {}): Values => ({
  ...values,
  ...changes,
  sweep: Object.fromEntries(Object.entries(sweep).map(([path, own]) => [path, { text: own.join(), values: own }])),
});
const paths = (now: Values) => axesOf(now, schema).map(({ path }) => path);

describe("an axis", () => {
  it("names the method or the section", () => {
    expect(axisPath("strategies.1.selector.shrinkage", values)).toBe("fedsm.selector.shrinkage");
    expect(axisPath("schedule.learning_rate", values)).toBe("schedule.learning_rate");
    expect(fieldPath("fedsm.lambda", values)).toBe("strategies.1.lambda");
    expect(fieldPath("schedule.learning_rate", values)).toBe("schedule.learning_rate");
  });

  it("of a method that is there twice is a setting of each that has it", () => {
    expect(placesOf("fedsm.lambda", values)).toEqual(["strategies.1.lambda", "strategies.2.lambda"]);
    expect(placesOf("fedsm.selector.epochs", values)).toEqual(["strategies.2.selector.epochs"]);
    expect(placesOf("ditto.lambda", values)).toEqual([]);
  });

  it("of a method that was taken out, or of another variant, does not count", () => {
    const all = ["fedsm.lambda", "fedsm.selector.epochs", "fedsm.selector.gone", "ditto.lambda", "minimum_sites"];
    const now = swept(Object.fromEntries(all.map((path) => [path, [1]])));
    expect(paths(now)).toEqual(["fedsm.lambda", "fedsm.selector.epochs", "minimum_sites"]);
  });

  it("of a setting that the form hides does not count, and counts again when it is shown", () => {
    const axes = { "schedule.tversky_beta": [0.3, 0.7], "schedule.depth": [8, 16], "schedule.learning_rate": [1] };
    expect(paths(swept(axes))).toEqual(["schedule.learning_rate"]);
    const schedule = { ...values.schedule, loss: "tversky" };
    expect(paths(swept(axes, { schedule, data: { dimensions: 3 } }))).toEqual(Object.keys(axes));
  });

  it("shows a setting that counts for one of its values", () => {
    const beta = fieldsOf(schema, { $ref: "#/$defs/schedule" }).find(({ name }) => name === "tversky_beta");
    const now = swept({ "schedule.loss": ["dice", "tversky"], "schedule.tversky_beta": [0.3, 0.7] });
    expect(beta && counts(beta, "schedule", now)).toBe(true);
    expect(beta && counts(beta, "schedule", values)).toBe(false);
    expect(paths(now)).toEqual(["schedule.loss", "schedule.tversky_beta"]);
    expect(paths(swept({ "schedule.loss": [], "schedule.tversky_beta": [0.3] }))).toEqual(["schedule.loss"]);
  });
});

describe("what is checked of a sweep", () => {
  it("has the first of several values, not the single one that nobody sees", () => {
    const now = swept({ "fedsm.lambda": [0.5, 0.9], "schedule.learning_rate": [0.01], minimum_sites: [] });
    const config = firstConfig(now, axesOf(now, schema)) as unknown as Values;
    expect(config.strategies.map(({ lambda }) => lambda)).toEqual([undefined, 0.5, 0.5]);
    expect([config.schedule.learning_rate, config.minimum_sites]).toEqual([0.01, 1]);
    expect([now.schedule.learning_rate, now.strategies[1]?.lambda]).toEqual([0.001, 0.7]);
  });

  it("is the settings as they are without a sweep", () => {
    const { name: _name, description: _description, sweep: _sweep, ...config } = values;
    expect(firstConfig(values, [])).toEqual(config);
  });
});

it("is written as options of the command", () => {
  const axes = [
    { path: "fedsm.lambda", values: [0.5, 1e-7] },
    { path: "schedule.loss", values: ["dice", "tversky"] },
  ];
  expect(sweepOptions(axes)).toBe("--sweep fedsm.lambda=0.5,1.0e-7 --sweep schedule.loss=dice,tversky");
});
