import { describe, expect, it } from "vitest";
import type { FieldProblem } from "@/api";
import { describePath, located } from "./fieldNames";

const fedsm = { name: "fedsm" };
const problem = (field: string, message: string): FieldProblem => ({ field, value: "", message, remedy: "" });

describe("describePath", () => {
  it("says a field in words", () => {
    expect(describePath("config.data.image_size", [])).toBe("Images \u203a Image size");
    expect(describePath("network.name", [])).toBe("Network");
    expect(describePath("name", [])).toBe("Name");
    expect(describePath("federation", [])).toBe("Sites");
    expect(describePath("config", [])).toBe("Settings");
  });

  it("says a method by its name, and which of two", () => {
    expect(describePath("strategies.0.selector.shrinkage", [fedsm])).toBe("FedSM \u203a Selector \u203a Shrinkage");
    expect(describePath("strategies.1.lambda", [fedsm, { name: "fedsm" }])).toBe("FedSM (2) \u203a Lambda");
    expect(describePath("strategies.0.name", [{ name: "centralized" }])).toBe("Centralized");
  });

  it("says what it can of a method that is gone", () => {
    expect(describePath("strategies.7.lambda", [fedsm])).toBe("Strategies \u203a 7 \u203a Lambda");
  });
});

describe("located", () => {
  it("puts a problem of the whole at the field that it names", () => {
    expect(located(problem("config", "data.image_size 40 must be a multiple of 16")).field).toBe("data.image_size");
    expect(located(problem("", "Value error, strategies.2: FedBN needs batch norm")).field).toBe("strategies.2");
    expect(located(problem("", "strategies.2: FedBN needs batch norm")).field).toBe("strategies.2");
  });

  it("leaves the others where they are", () => {
    expect(located(problem("config.seeds", "as in schedule.rounds")).field).toBe("config.seeds");
    expect(located(problem("config", "contains the same twice")).field).toBe("config");
  });
});
