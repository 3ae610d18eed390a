import { describe, expect, it } from "vitest";
import type { ExperimentTemplate } from "@/api";
import type { JsonSchema } from "@/lib/schema";
import { changesFrom, configOf, type Values, valuesOfTemplate, withDefaults } from "./formValues";

const template = {
  name: "quick-look",
  title: "Quick look",
  description: "Five rounds",
  notes: "",
  config: { schedule: { rounds: 5 }, strategies: [{ name: "fedavg" }], seeds: [0], held_out_sites: ["c"] },
} as unknown as ExperimentTemplate;

const empty = {
  name: " ",
  description: "",
  schedule: { rounds: 100 },
  strategies: [],
  seeds: [3],
} as unknown as Values;

describe("valuesOfTemplate", () => {
  it("replaces every setting, and names what has no name", () => {
    const values = valuesOfTemplate(template, empty);
    expect([values.name, values.description]).toEqual(["Quick look", ""]);
    expect(configOf(values)).toEqual(template.config);
  });

  it("keeps the name and description that somebody wrote", () => {
    const values = valuesOfTemplate(template, { ...empty, name: "Mine", description: "Why" });
    expect([values.name, values.description]).toEqual(["Mine", "Why"]);
  });

  it("leaves the template as it is when the form is changed", () => {
    const values = valuesOfTemplate(template, empty);
    values.schedule.rounds = 7;
    expect(template.config.schedule?.rounds).toBe(5);
  });
});

describe("withDefaults", () => {
  const schedule = { type: "object", properties: { rounds: { default: 100 }, update_format: { default: "float32" } } };
  const strategies = {
    type: "array",
    items: {
      discriminator: { propertyName: "name", mapping: { "local-only": "#/$defs/Local" } },
      oneOf: [{ $ref: "#/$defs/Local" }],
    },
  };
  const Local = { type: "object", properties: { name: { const: "local-only" }, pull: { default: 0 } } };
  const schema = { type: "object", properties: { schedule, strategies }, $defs: { Local } } as unknown as JsonSchema;

  it("gives a setting that the API left out its default, and leaves what is named", () => {
    const named = { ...empty, strategies: [{ name: "local-only" }, { name: "local-only", pull: 1 }] } as Values;
    const values = withDefaults(schema, { ...named, schedule: { rounds: 5 } });
    expect(values.schedule).toEqual({ rounds: 5, update_format: "float32" });
    expect(values.strategies).toEqual([
      { name: "local-only", pull: 0 },
      { name: "local-only", pull: 1 },
    ]);
  });
});

describe("changesFrom", () => {
  const original = { ...empty, strategies: [{ name: "fedsm", lambda: 0.7 }], seeds: [0] } as unknown as Values;

  it("names the settings of a copy that are not its original's", () => {
    const copy = { ...original, name: "Copy", seeds: [0, 1], strategies: [{ name: "fedsm", lambda: 0.9 }] };
    expect(changesFrom(original, original)).toEqual([]);
    expect(changesFrom(original, copy)).toEqual([
      { path: "seeds", value: "0, 1", default: "0" },
      { path: "strategies.0.lambda", value: "0.9", default: "0.7" },
    ]);
  });

  it("names the methods where they are others", () => {
    const copy = { ...original, strategies: [{ name: "fedsm" }, { name: "fedavg" }] };
    expect(changesFrom(original, copy)).toEqual([{ path: "strategies", value: "FedSM, FedAvg", default: "FedSM" }]);
  });

  it("names the settings of the methods that both have, wherever they stand", () => {
    const strategies = [{ name: "fedavg" }, { name: "fedsm", lambda: 0.7 }, { name: "fedsm", lambda: 0.2 }];
    const copy = { ...original, strategies };
    expect(
      changesFrom(original, { ...copy, strategies: [{ name: "fedavg" }, { name: "fedsm", lambda: 0.9 }] }),
    ).toEqual([
      { path: "strategies", value: "FedAvg, FedSM", default: "FedSM" },
      { path: "strategies.1.lambda", value: "0.9", default: "0.7" },
    ]);
    expect(changesFrom(copy, { ...original, strategies: [{ name: "fedsm", lambda: 0.5 }] })).toEqual([
      { path: "strategies", value: "FedSM", default: "FedAvg, FedSM, FedSM" },
      { path: "strategies.0.lambda", value: "0.5", default: "0.7" },
    ]);
  });
});
