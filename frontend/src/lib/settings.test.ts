import { describe, expect, it } from "vitest";
import type { JsonSchema } from "./schema";
import { settingsOf } from "./settings";

const method = (name: string, properties: Record<string, JsonSchema> = {}): JsonSchema => ({
  type: "object",
  properties: { name: { const: name, type: "string" }, ...properties },
});
const SCHEMA: JsonSchema = {
  type: "object",
  properties: {
    schedule: { $ref: "#/$defs/Schedule" },
    network: {
      default: { name: "unet" },
      discriminator: { propertyName: "name", mapping: { unet: "#/$defs/UNet", dynunet: "#/$defs/DynUNet" } },
    },
    strategies: {
      type: "array",
      items: { discriminator: { propertyName: "name", mapping: { fedprox: "#/$defs/FedProx" } } },
    },
    seeds: { type: "array", items: { type: "integer" }, default: [0] },
    start_from: {
      anyOf: [{ type: "object", properties: { run: { type: "string" } } }, { type: "null" }],
      default: null,
    },
  },
  $defs: {
    Schedule: {
      type: "object",
      properties: { rounds: { type: "integer", default: 100 }, loss: { type: "string", default: "dice" } },
    },
    UNet: method("unet", { channels: { type: "array", default: [16, 32] } }),
    DynUNet: method("dynunet", { filters: { type: "array", default: [32] } }),
    FedProx: method("fedprox", { mu: { type: "number", default: 0.01 } }),
  },
};

describe("settingsOf", () => {
  it("has every setting with its default, and says which differ", () => {
    const settings = settingsOf(SCHEMA, SCHEMA, {
      schedule: { rounds: 30, loss: "dice" },
      network: { name: "dynunet", filters: [32] },
      strategies: [{ name: "fedprox", mu: 0.1 }],
      seeds: [0, 1],
      start_from: null,
    });
    expect(settings.map(({ path, value, default: usual, changed }) => [path, value, usual, changed])).toEqual([
      ["schedule.rounds", "30", "100", true],
      ["schedule.loss", "dice", "dice", false],
      ["network.name", "dynunet", "unet", true],
      ["network.filters", "32", "32", false],
      ["strategies.0.mu", "0.1", "0.01", true],
      ["seeds", "0, 1", "0", true],
      ["start_from", "empty", "empty", false],
    ]);
  });

  it("shows what the contract does not know any more", () => {
    expect(settingsOf(SCHEMA, SCHEMA, { old: 3 })).toEqual([
      { path: "old", value: "3", default: "empty", changed: true },
    ]);
  });
});
