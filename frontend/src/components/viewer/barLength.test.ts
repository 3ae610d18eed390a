import { describe, expect, it } from "vitest";
import { scaleBar } from "./barLength";

describe("the scale bar", () => {
  it("is the longest round length that fits", () => {
    expect(scaleBar(0.5, "mm", 100)).toEqual({ pixels: 100, label: "50 mm" });
    expect(scaleBar(0.3, "mm", 100).label).toBe("20 mm");
    expect(scaleBar(0.001, "mm", 99).label).toBe("0.05 mm");
    expect(scaleBar(2, "px", 100).label).toBe("200 px");
  });
});
