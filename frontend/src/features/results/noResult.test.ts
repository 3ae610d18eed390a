import { describe, expect, it } from "vitest";
import type { RunRecord } from "@/api";
import { noResult } from "./noResult";

const STARTED = "2026-01-01T00:00:00Z";
const runs = (statuses: RunRecord["status"][], finished = 14) =>
  statuses.map((status) => ({
    status,
    num_finished_rounds: finished,
    end_refusal: finished > 0 ? null : "has finished no round",
  }));
const words = (...statuses: RunRecord["status"][]) =>
  noResult({ started_at: STARTED, runs: runs(statuses) }, true, "researchers").words;

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

  it("promises the test of a round only where one is finished, and nothing that the reader may not do", () => {
    const stopped = (finished: number) => ({ started_at: STARTED, runs: runs(["cancelled"], finished) });
    expect(noResult(stopped(3), true, "researchers").words).toContain("End here");
    expect(noResult(stopped(0), true, "researchers").words).not.toContain("End here");
    expect(noResult(stopped(3), false, "researchers").words).toMatch(/tested\. Runs are resumed by researchers\.$/);
  });

  it("asks for a start where nothing was started", () => {
    const idle = { started_at: null, runs: runs(["created"], 0) };
    expect(noResult(idle, true, "researchers").words).toMatch(/^Start the/);
    expect(noResult(idle, false, "researchers").words).toMatch(/^The experiment is started by researchers/);
  });
});
