import { describe, expect, it } from "vitest";
import { formatPercentDifference, formatSize } from "@/lib/format";
import { cupToDisc, unitOfSize } from "./cupToDisc";

const heights = (...values: number[]) => values.map((height) => ({ size: height, height }));

describe("what is measured", () => {
  it("has the ratio of cup and disc, whichever comes first", () => {
    expect(cupToDisc(["optic disc", "optic cup"], heights(10, 4), heights(8, 6))).toEqual({
      reference: 0.4,
      prediction: 0.75,
    });
    expect(cupToDisc(["Cup", "disk"], heights(4, 10), heights(5, 10))).toEqual({ reference: 0.4, prediction: 0.5 });
  });

  it("has none of other structures, or without a disc", () => {
    expect(cupToDisc(["prostate", "cup"], heights(1, 1), heights(1, 1))).toBeNull();
    expect(cupToDisc(["disc", "cup"], heights(10, 4), heights(0, 4))).toBeNull();
    expect(cupToDisc(["discus", "cup"], heights(10, 4), heights(1, 4))).toBeNull();
  });

  it("says its unit, and the sign of a difference", () => {
    expect([unitOfSize("mm", true), unitOfSize("mm", false), unitOfSize("px", false)]).toEqual(["mm³", "mm²", "px"]);
    expect(formatPercentDifference(69, 100)).toBe("−31 %");
    expect(formatPercentDifference(147.3, 100)).toBe("+47 %");
    expect(formatPercentDifference(100, 100)).toBe("0 %");
    expect(formatPercentDifference(5, 0)).toBe("–");
    expect([formatSize(1234), formatSize(2.345)]).toEqual(["1,234", "2.35"]);
  });
});
