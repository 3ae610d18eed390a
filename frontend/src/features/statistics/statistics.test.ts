import { describe, expect, it } from "vitest";
import type { LeakageReport, SiteDistance, StructureStatistics } from "@/api";
import { distanceOf, farthestPairs, leakageSentence, spreadText, statedCount, withheldReason } from "./statistics";

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

describe("withheld numbers", () => {
  const site = { minimum_count: 10, num_cases: 40 };
  const structure = { structure: "disc", prevalence: null, size: null, share: null };

  it("say why", () => {
    const few: StructureStatistics = { ...structure, num_present: null };
    expect(withheldReason(few, site)).toBe("fewer than 10 have it, or lack it");
    expect(withheldReason(few, { ...site, num_cases: 0 })).toBe("every split has fewer than 10 cases");
  });

  it("are not those of a structure that no case has", () => {
    expect(withheldReason({ ...structure, num_present: 0 }, site)).toBeNull();
    expect(spreadText(null, 1)).toBe("in no case");
    expect(spreadText({ mean: 12.34, std: 0.5 }, 1)).toBe("12.3 ± 0.5");
  });
});

it("says of a search that ended early that there are at least that number of pairs", () => {
  const report = { num_compared: 86, num_pairs: 2000, num_serious: 1, is_complete: false } as LeakageReport;
  expect(leakageSentence(report)).toBe(
    "86 images compared within and between the sites: at least 2000 pairs, at least 1 of which reach from training or validation into the test.",
  );
  expect(leakageSentence({ ...report, num_pairs: 0, is_complete: true })).toContain("none is in two places");
});

it("names the farthest pairs of a part", () => {
  const pair = (site: string, intensity: number | null) => ({ site, other: "z", intensity }) as SiteDistance;
  const found = farthestPairs([pair("a", 0.1), pair("b", null), pair("c", 0.3)], "intensity", 2);
  expect(found.map(({ site }) => site)).toEqual(["c", "a"]);
});
