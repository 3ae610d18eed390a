import { describe, expect, it } from "vitest";
import type { EventRecord } from "@/api";
import { failureTitle, supportText } from "./failures";
import { chunksOf } from "./logChunks";
import { shortName } from "./names";
import { logFileUrl, logFilters, readRunSearch } from "./runSearch";
import { visibleColumns } from "./taskFacts";

describe("readRunSearch", () => {
  it("keeps what is valid and drops the rest", () => {
    const raw = { task: 12, smooth: 0.6, scale: "cubic", hide: ["a", 7], from: -1, logLevel: "warning", logRound: "x" };
    expect(Object.fromEntries(Object.entries(readRunSearch(raw)).filter(([, value]) => value !== undefined))).toEqual({
      task: "12",
      smooth: 0.6,
      hide: ["a", "7"],
      logLevel: "warning",
    });
    expect(readRunSearch({ smooth: 1 }).smooth).toBeUndefined();
  });
});

describe("logFilters", () => {
  it("asks for the run's lines without the many metrics, and the file for the same", () => {
    const filters = logFilters("r1", { logSite: "birch", logRound: 3 });
    expect(filters).toEqual({ run_id: "r1", kind: ["log", "task", "status"], site_slug: "birch", round: 3 });
    expect(logFileUrl(filters)).toBe(
      "/api/v1/events.txt?run_id=r1&kind=log&kind=task&kind=status&site_slug=birch&round=3",
    );
    expect(logFilters("r1", { logKind: "log" }).kind).toEqual(["log"]);
  });
});

describe("chunksOf", () => {
  const lines = (from: number, to: number) =>
    Array.from({ length: to - from }, (_, index) => ({ id: from + index }) as EventRecord);

  it("changes only the last piece for a new line, and only the first for earlier ones", () => {
    const sums = (from: number, to: number) => chunksOf(lines(from, to)).map((chunk) => chunk.sum);
    const before = sums(200, 800);
    expect(before).toHaveLength(4);
    expect(sums(200, 801).slice(0, -1)).toEqual(before.slice(0, -1));
    expect(sums(0, 800).slice(1)).toEqual(before.slice(1));
  });
});

describe("visibleColumns", () => {
  it("is what fits, six columns beside it, and a few before the width is known", () => {
    // 300 px of 20 px columns from 400 px on: 20 to 35.
    expect(visibleColumns(400, 300, 20, 300)).toEqual([14, 41]);
    expect(visibleColumns(0, 300, 20, 10)).toEqual([0, 10]);
    expect(visibleColumns(0, 0, 20, 300)).toEqual([0, 20]);
  });
});

describe("shortName", () => {
  it("keeps beginning and end", () => {
    expect(shortName("Birch clinic")).toBe("Birch clinic");
    expect(shortName("University hospital, department 12", 21)).toBe("University…artment 12");
  });
});

describe("failures in words", () => {
  const failure = {
    kind: "disk_full" as const,
    title: "Disk full",
    cause: "the disk of this worker is full",
    remedy: "Make room.",
    participant: "birch",
    round: 3,
    task_id: "0123456789abcdef",
    task_kind: "train_site" as const,
    attempt: 3,
    worker: "w1",
    at: "2026-01-01T00:00:00Z",
  };

  it("names site, round and kind", () => {
    expect(failureTitle(failure, "Birch clinic")).toBe("Birch clinic could not train in round 3: disk full");
  });

  it("gives support everything, the whole correlation id too", () => {
    const run = { strategy_label: "FedSM", seed: 0, id: "r1", num_rounds: 5 } as Parameters<typeof supportText>[2];
    const text = supportText(failure, "Traceback ...", run, "http://here/");
    for (const words of ["0123456789abcdef", "attempt 3", "w1", "FedSM, seed 0 (r1)", "Traceback ...", "Make room."]) {
      expect(text).toContain(words);
    }
  });
});
