import { describe, expect, it } from "vitest";
import { describePath } from "./fieldNames";

const fedsm = { name: "fedsm" };

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
    expect(describePath("strategies.7.lambda", [fedsm])).toBe("Methods \u203a 7 \u203a Lambda");
  });
});
