import { describe, expect, it } from "vitest";
import type { SiteDistance } from "@/api";
import { distanceOf, statedCount } from "./statistics";

describe("statedCount", () => {
  it("shows a withheld count as its bound", () => {
    expect(statedCount({ count: 12, below: null })).toBe("12");
    expect(statedCount({ count: null, below: 10 })).toBe("<10");
    expect(statedCount(undefined)).toBe("0");
  });
});

describe("distanceOf", () => {
  const pair = { site: "a", other: "b", overall: 0.25, intensity: null } as SiteDistance;

  it("knows a pair in either order, and what is not known", () => {
    expect(distanceOf([pair], "b", "a", "overall")).toBe(0.25);
    expect(distanceOf([pair], "a", "b", "intensity")).toBeNull();
    expect(distanceOf([pair], "a", "a", "overall")).toBeUndefined();
  });
});
