import * as v from "valibot";
import { describe, expect, it } from "vitest";
import { resultsSearch } from "./search";

describe("the address of results", () => {
  it("reads a whole deep link", () => {
    const link = {
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
    expect(v.parse(resultsSearch, link)).toEqual(link);
  });

  it("drops a metric, threshold or model that there is not", () => {
    const read = v.parse(resultsSearch, {
      metric: "f1",
      gamma: 1.2,
      baselineModel: "selector",
      checkpoint: "first",
      curves: [null],
    });
    expect(Object.values(read).every((value) => value === undefined)).toBe(true);
  });
});
