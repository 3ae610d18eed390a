import { describe, expect, it } from "vitest";
import { readCasesSearch, readExperimentSearch, readFederationSearch, toggled } from "./urlState";

describe("URL state", () => {
  it("reads a whole deep link of the viewer", () => {
    const link = {
      case: "c1",
      model: "super",
      structure: "optic cup",
      site: "a",
      reference: "fill",
      prediction: "off",
      opacity: 0.4,
      hidden: [1],
    };
    expect(readCasesSearch(link)).toEqual(link);
  });

  it("drops what is not valid and keeps the rest", () => {
    const read = readCasesSearch({
      case: "c1",
      reference: "blinking",
      opacity: 7,
      hidden: [1, "x", -2],
      unknown: true,
    });
    expect(read.case).toBe("c1");
    expect(read.reference).toBeUndefined();
    expect(read.opacity).toBeUndefined();
    expect(read.hidden).toEqual([1]);
    expect(read).not.toHaveProperty("unknown");
  });

  it("takes ids of digits, which the URL parses as numbers", () => {
    expect(readExperimentSearch({ run: 17 }).run).toBe("17");
    expect(readFederationSearch({ tab: "nowhere" }).tab).toBeUndefined();
  });

  it("toggles an index and forgets an empty list", () => {
    expect(toggled(undefined, 2)).toEqual([2]);
    expect(toggled([2], 0)).toEqual([0, 2]);
    expect(toggled([2], 2)).toBeUndefined();
  });
});

describe("URL state of results", () => {
  it("reads a whole deep link", () => {
    const link = {
      run: "results",
      metric: "hd95",
      checkpoint: "last",
      structure: "optic cup",
      baseline: "FedAvg",
      baselineModel: "global",
      sort: "site/a",
      order: "worst",
      detail: "r1",
      site: "b",
      gamma: 0,
      curves: ["r1", "r2"],
      measure: "loss",
    };
    expect(readExperimentSearch(link)).toEqual(link);
  });

  it("drops a metric, threshold or model that there is not", () => {
    const read = readExperimentSearch({
      metric: "f1",
      gamma: 1.2,
      baselineModel: "selector",
      checkpoint: "first",
      curves: [null],
    });
    expect(Object.values(read).every((value) => value === undefined)).toBe(true);
  });
});
