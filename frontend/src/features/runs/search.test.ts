import * as v from "valibot";
import { describe, expect, it } from "vitest";
import { logFileUrl, logFilters, runSearch } from "./search";

describe("runSearch", () => {
  it("keeps what is valid and drops the rest", () => {
    const raw = { task: 12, smooth: 0.6, scale: "cubic", hide: ["a", 7], from: -1, logLevel: "warning", logRound: "x" };
    expect(v.parse(runSearch, raw)).toEqual({
      task: "12",
      smooth: 0.6,
      hide: ["a", "7"],
      logLevel: "warning",
    });
    expect(v.parse(runSearch, { smooth: 1 }).smooth).toBeUndefined();
  });
});

describe("logFilters", () => {
  it("asks for the run's lines without the many metrics, and the file for the same", () => {
    const filters = logFilters("r1", { logSite: "birch", logRound: 3 });
    expect(filters).toEqual({ run_id: "r1", kind: ["log", "task", "round", "status"], site_slug: "birch", round: 3 });
    expect(logFileUrl(filters)).toBe(
      "/api/v1/events.txt?run_id=r1&kind=log&kind=task&kind=round&kind=status&site_slug=birch&round=3",
    );
    expect(logFilters("r1", { logKind: "log" }).kind).toEqual(["log"]);
  });
});
