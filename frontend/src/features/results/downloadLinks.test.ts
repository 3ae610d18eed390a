import { describe, expect, it } from "vitest";
import { downloadsOf } from "./downloadLinks";

describe("downloadsOf", () => {
  it("carries the page's state into the addresses", () => {
    const query = { metric: "hd95", checkpoint: "last", structure: "optic cup" } as const;
    const sort = { column: "site/a-b", first: "worst" } as const;
    const shown =
      "metric=hd95&checkpoint=last&structure=optic+cup&baseline=FedSM+%28%CE%B3+%3D+0.9%29&model=global&sort=site%2Fa-b&order=worst";
    const baseline = { label: "FedSM (γ = 0.9)", model: "global" } as const;
    expect(downloadsOf("e1", query, baseline, sort).map(({ href }) => href)).toEqual([
      `/api/v1/experiments/e1/results.tex?${shown}`,
      `/api/v1/experiments/e1/table.csv?${shown}`,
      `/api/v1/experiments/e1/table.json?${shown}`,
      "/api/v1/experiments/e1/results.csv?checkpoint=last",
      "/api/v1/experiments/e1/results.json?checkpoint=last",
      "/api/v1/experiments/e1/cases.csv?checkpoint=last",
    ]);
  });

  it("leaves out what is not chosen", () => {
    const [latex] = downloadsOf("e1", { metric: "dice", checkpoint: "best" }, null);
    expect(latex?.href).toBe("/api/v1/experiments/e1/results.tex?metric=dice&checkpoint=best");
    expect(latex?.contents).toContain("mean over structures");
  });
});
