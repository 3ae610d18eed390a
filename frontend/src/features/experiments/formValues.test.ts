import { describe, expect, it } from "vitest";
import type { ExperimentTemplate } from "@/api";
import { configOf, type Values, valuesOfTemplate } from "./formValues";

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
