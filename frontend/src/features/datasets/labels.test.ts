import { describe, expect, it } from "vitest";
import { labelMap, parseLabels } from "./labels";

describe("parseLabels", () => {
  it("tells integers from names", () => {
    expect(parseLabels(" 1, 2 ,Prostate gland,, 3T ")).toEqual({ values: [1, 2], names: ["Prostate gland", "3T"] });
  });
});

describe("labelMap", () => {
  it("is left out where nothing is written", () => {
    expect(labelMap({ disc: " ", cup: "" }, "")).toBeNull();
  });

  it("holds what is written, and what is ignored", () => {
    expect(labelMap({ disc: "128, 255", cup: "" }, "64, couch")).toEqual({
      structures: { disc: { values: [128, 255], names: [] } },
      ignored_values: [64],
      ignored_names: ["couch"],
    });
  });
});
