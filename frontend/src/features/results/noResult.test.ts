import { describe, expect, it } from "vitest";
import type { RunRecord } from "@/api";
import { noResult } from "./noResult";

const STARTED = "2026-01-01T00:00:00Z";
const words = (...statuses: RunRecord["status"][]) =>
  noResult({ started_at: STARTED, runs: statuses.map((status) => ({ status, round: 15 })) }).words;

describe("an experiment without a result", () => {
  it("says that one comes by itself only while a run is under way", () => {
    expect(words("cancelled", "running")).toContain("the table fills run by run");
    expect(words("queued")).toContain("the table fills run by run");
    for (const over of [words("cancelled", "cancelled"), words("failed"), words("failed", "cancelled")]) {
      expect(over).not.toContain("fills");
      expect(over).toContain("Resume a run");
    }
  });

  it("says how its runs ended", () => {
    expect(words("cancelled", "cancelled")).toMatch(/^All 2 runs were cancelled before/);
    expect(words("cancelled")).toMatch(/^The run was cancelled before/);
    expect(words("failed", "cancelled", "failed")).toMatch(/^2 runs failed and 1 run was cancelled before/);
  });

  it("asks for a start where nothing was started", () => {
    expect(noResult({ started_at: null, runs: [{ status: "created", round: 0 }] }).words).toMatch(/^Start the/);
  });
});
