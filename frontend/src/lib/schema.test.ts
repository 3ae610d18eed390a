import { describe, expect, it } from "vitest";
import {
  applies,
  choiceValue,
  defaultOf,
  describeBounds,
  differences,
  fieldsOf,
  type JsonSchema,
  parseNumbers,
  variants,
} from "./schema";

const SCHEMA: JsonSchema = {
  type: "object",
  properties: {
    schedule: { $ref: "#/$defs/Schedule", default: { rounds: 100 } },
    strategies: {
      type: "array",
      items: {
        discriminator: { propertyName: "name", mapping: { fedsm: "#/$defs/FedSM", fedavg: "#/$defs/FedAvg" } },
        oneOf: [{ $ref: "#/$defs/FedSM" }, { $ref: "#/$defs/FedAvg" }],
      },
    },
    seeds: { type: "array", items: { type: "integer" }, default: [0], description: "Seeds." },
  },
  $defs: {
    Schedule: {
      type: "object",
      properties: {
        rounds: { type: "integer", minimum: 1, maximum: 1000, default: 100, description: "Rounds." },
        num_steps: { type: "integer", minimum: 1, default: 4 },
        loss: { type: "string", enum: ["dice", "dice_bce"], default: "dice" },
      },
    },
    FedSM: {
      type: "object",
      properties: {
        name: { const: "fedsm", type: "string" },
        lambda: { type: "number", exclusiveMinimum: 0, maximum: 1, default: 0.7 },
        selector: {
          discriminator: { propertyName: "name", mapping: { lda: "#/$defs/Lda" } },
          oneOf: [{ $ref: "#/$defs/Lda" }],
          default: { name: "lda" },
        },
      },
    },
    FedAvg: { type: "object", properties: { name: { const: "fedavg", type: "string" } } },
    Lda: {
      type: "object",
      properties: { name: { const: "lda", type: "string" }, shrinkage: { type: "number", default: 0.1 } },
    },
  },
};

describe("fieldsOf", () => {
  it("takes kind, bounds, choices, help and default from the schema", () => {
    const fields = fieldsOf(SCHEMA, SCHEMA.properties?.schedule ?? {});
    expect(fields.map(({ name, kind }) => [name, kind])).toEqual([
      ["rounds", "integer"],
      ["num_steps", "integer"],
      ["loss", "choice"],
    ]);
    expect(fields[0]).toMatchObject({ label: "Rounds", bounds: "1 to 1000", help: "Rounds.", default: 100 });
    expect(fields[1]?.label).toBe("Number of steps");
    expect(fields[2]?.choices).toEqual(["dice", "dice_bce"]);
  });

  it("leaves out objects, lists of objects and the name that tells variants apart", () => {
    expect(fieldsOf(SCHEMA, SCHEMA).map((field) => field.name)).toEqual(["seeds"]);
    const fedsm = variants(SCHEMA, SCHEMA.properties?.strategies?.items ?? {}).fedsm ?? {};
    expect(fieldsOf(SCHEMA, fedsm).map(({ name, kind }) => [name, kind])).toEqual([
      ["lambda", "number"],
      ["selector", "variant"],
    ]);
  });
});

describe("a field that may be empty", () => {
  const clipping: JsonSchema = {
    type: "object",
    properties: {
      gradient_clipping: { anyOf: [{ type: "number", exclusiveMinimum: 0 }, { type: "null" }], default: null },
      window: {
        anyOf: [{ type: "array", prefixItems: [{ type: "number" }, { type: "number" }] }, { type: "null" }],
        default: null,
        applies_when: { intensity: ["window"] },
      },
      spatial_dims: { type: "integer", enum: [2, 3], default: 2 },
      mixed_precision: { type: "boolean", default: false },
    },
  };
  const fields = fieldsOf(clipping, clipping);

  it("keeps its kind and bounds", () => {
    expect(fields.map(({ name, kind, optional, bounds }) => [name, kind, optional, bounds])).toEqual([
      ["gradient_clipping", "number", true, "more than 0"],
      ["window", "numbers", true, ""],
      ["spatial_dims", "choice", false, ""],
      ["mixed_precision", "boolean", false, ""],
    ]);
  });

  it("counts only where the contract says so", () => {
    const [clip, window] = fields;
    expect(clip && applies(clip, { intensity: "unit" })).toBe(true);
    expect(window && applies(window, { intensity: "unit" })).toBe(false);
    expect(window && applies(window, { intensity: "window" })).toBe(true);
  });

  it("gives a chosen number back as a number", () => {
    const dims = fields[2];
    expect(dims && choiceValue(dims, "3")).toBe(3);
  });
});

describe("defaultOf", () => {
  it("fills an object from its parts, and a union from its default variant", () => {
    expect(defaultOf(SCHEMA, SCHEMA.properties?.schedule ?? {})).toEqual({ rounds: 100, num_steps: 4, loss: "dice" });
    expect(defaultOf(SCHEMA, { $ref: "#/$defs/FedSM" })).toEqual({
      name: "fedsm",
      lambda: 0.7,
      selector: { name: "lda", shrinkage: 0.1 },
    });
  });
});

describe("describeBounds", () => {
  it("says bounds in words", () => {
    expect(describeBounds({ exclusiveMinimum: 0, maximum: 1 })).toBe("more than 0, at most 1");
    expect(describeBounds({ minimum: 32, maximum: 1024, multipleOf: 16 })).toBe("32 to 1024, a multiple of 16");
    expect(describeBounds({})).toBe("");
  });
});

describe("differences", () => {
  it("lists only what is not the default", () => {
    const changed = differences(
      { schedule: { rounds: 5, loss: "dice" }, seeds: [0, 1] },
      { schedule: { rounds: 100, loss: "dice" }, seeds: [0] },
    );
    expect(changed).toEqual([
      { path: "schedule.rounds", value: "5", default: "100" },
      { path: "seeds", value: "0, 1", default: "0" },
    ]);
  });

  it("calls an empty list empty", () => {
    expect(differences({ held_out_sites: ["c"] }, { held_out_sites: [] })).toEqual([
      { path: "held_out_sites", value: "c", default: "empty" },
    ]);
  });
});

describe("parseNumbers", () => {
  it("keeps what is no number for the backend to refuse", () => {
    expect(parseNumbers("16, 32;64 x")).toEqual([16, 32, 64, "x"]);
    expect(parseNumbers("")).toEqual([]);
  });
});

describe("what counts by a field elsewhere", () => {
  const root = {
    properties: {
      depth: {
        type: "integer",
        default: 16,
        unit: "slices",
        minimum: 4,
        applies_when: { "network.spatial_dims": [3] },
      },
    },
  };
  const [depth] = fieldsOf(root, root);

  it("is looked up from the top", () => {
    expect(depth && applies(depth, {}, { network: { spatial_dims: 2 } })).toBe(false);
    expect(depth && applies(depth, {}, { network: { spatial_dims: 3 } })).toBe(true);
  });

  it("says its unit with its bounds", () => {
    expect(depth?.bounds).toBe("at least 4 slices");
  });
});

describe("differences in lists of objects", () => {
  it("name the entry", () => {
    const changed = differences({ list: [{ name: "a", x: 1 }] }, { list: [{ x: 2, name: "a" }] });
    expect(changed).toEqual([{ path: "list.0.x", value: "1", default: "2" }]);
  });
});

describe("what a field explains", () => {
  it("is what each choice means and where the default comes from", () => {
    const root: JsonSchema = {
      properties: {
        routing: {
          type: "string",
          enum: ["hard", "soft"],
          default: "hard",
          choices: { hard: "one model", soft: "all models" },
          source: "this project's choice",
        },
        rounds: { type: "integer", default: 100 },
      },
    };
    const [routing, rounds] = fieldsOf(root, root);
    expect(routing?.meanings).toEqual({ hard: "one model", soft: "all models" });
    expect(routing?.source).toBe("this project's choice");
    expect([rounds?.meanings, rounds?.source]).toEqual([{}, undefined]);
  });
});
