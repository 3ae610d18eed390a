import { describe, expect, it } from "vitest";
import type { TaskRecord } from "@/api";
import { absenceSentences, activityOf, elapsedSeconds, runTitle, unapproved, waitingSentence } from "./waiting";

const NOW = Date.parse("2026-01-01T00:01:00Z");

function task(participant: string, status: TaskRecord["status"], more: Partial<TaskRecord> = {}): TaskRecord {
  return {
    id: participant,
    kind: "train_site",
    round: 1,
    participant,
    status,
    attempt: 1,
    fraction: 0,
    worker: null,
    error: null,
    failure_kind: null,
    created_at: "2026-01-01T00:00:00Z",
    sent_at: "2026-01-01T00:00:57Z",
    started_at: null,
    finished_at: null,
    seconds: null,
    transfer_seconds: null,
    bytes_up: null,
    bytes_down: null,
    num_dropped: 0,
    ...more,
  };
}

const running = { fraction: 0.4, started_at: "2026-01-01T00:00:48Z" };

describe("waitingSentence", () => {
  it("says who, what, how far and since when; those at work first", () => {
    const tasks = [task("cedar", "queued"), task("birch", "running", running), task("aster", "completed")];
    expect(waitingSentence(tasks, (slug) => `${slug} clinic`, NOW)).toBe(
      "Waiting for: birch clinic, training 40 %, 12 s; cedar clinic, queued for training, 3 s",
    );
  });

  it("counts those that have no room", () => {
    const tasks = ["a", "b", "c", "d", "e", "f"].map((name) => task(name, "running", running));
    expect(waitingSentence(tasks, (slug) => slug, NOW)).toMatch(/d, training 40 %, 12 s; and 2 more$/);
  });

  it("is null where nobody is waited for", () => {
    expect(waitingSentence([task("a", "completed"), task("b", "failed")], String, NOW)).toBeNull();
  });
});

describe("absenceSentences", () => {
  const absent = { participant: "birch", task_kind: "train_site", round: 3, needed: false, pause: null } as const;
  const since = new Date(2026, 0, 1, 14, 2).toISOString();
  const now = new Date(2026, 0, 1, 14, 4).getTime();

  it("says since when, and when the run goes on", () => {
    const goes_on_at = new Date(2026, 0, 1, 14, 7).toISOString();
    expect(absenceSentences([{ ...absent, reason: "offline", since, goes_on_at }], String, now)).toEqual([
      "birch is offline since 14:02; the run goes on without it at 14:07.",
    ]);
  });

  it("says whose approval is missing", () => {
    const waits = [{ ...absent, reason: "not_approved", since, goes_on_at: null, needed: true } as const];
    expect(absenceSentences(waits, String, now)).toEqual([
      "Waiting for the approval of birch, asked 14:02; without it there is no quorum, so the run waits.",
    ]);
  });

  it("says the line of the hospital's policy by which it waits", () => {
    const until = new Date(2026, 0, 1, 19, 0).toISOString();
    const pause = { line: "hours", said: "trains 19:00-06:00 CET", until } as const;
    const waits = [{ ...absent, reason: "paused", since, goes_on_at: null, pause } as const];
    expect(absenceSentences(waits, String, now)).toEqual([
      "birch waits until 19:00, because its policy trains 19:00-06:00 CET (hours).",
    ]);
  });

  it("says that the quorum needs a site", () => {
    const waits = [{ ...absent, reason: "offline", since, goes_on_at: null, needed: true } as const];
    expect(absenceSentences(waits, String, now)).toEqual([
      "birch is offline since 14:02; without it there is no quorum, so the run waits.",
    ]);
  });
});

describe("activityOf", () => {
  it("counts sites once, without the coordinator, and adds the traffic", () => {
    const tasks = [
      task("a", "running"),
      task("a", "running", { kind: "validate_site" }),
      task("coordinator", "running"),
      task("b", "queued"),
      task("c", "completed", { bytes_up: 10, bytes_down: 20 }),
    ];
    expect(activityOf(tasks)).toEqual({ active: 1, waiting: 1, bytesUp: 10, bytesDown: 20 });
  });
});

describe("elapsedSeconds", () => {
  it("ends with the run", () => {
    const started_at = "2026-01-01T00:00:00Z";
    expect(elapsedSeconds({ started_at, finished_at: null }, NOW)).toBe(60);
    expect(elapsedSeconds({ started_at, finished_at: "2026-01-01T00:00:10Z" }, NOW)).toBe(10);
    expect(elapsedSeconds({ started_at: null, finished_at: null }, NOW)).toBeNull();
  });
});

describe("runTitle", () => {
  it("shows the progress in the browser's tab", () => {
    expect(runTitle({ status: "running", round: 3, num_rounds: 20 }, "Eyes")).toBe("3/20 · Eyes");
    expect(runTitle({ status: "created", round: 0, num_rounds: 20 }, "Eyes")).toBe("Eyes");
  });
});

describe("unapproved", () => {
  it("names the sites whose decision is missing, and nobody who is offline", () => {
    const wait = {
      task_kind: "train_site",
      round: 1,
      since: "2026-01-01T00:00:00Z",
      goes_on_at: null,
      needed: true,
      pause: null,
    } as const;
    const waits_for = [
      { ...wait, participant: "birch", reason: "not_approved" },
      { ...wait, participant: "cedar", reason: "offline" },
    ] as const;
    expect([...unapproved({ waits_for: [...waits_for] })]).toEqual(["birch"]);
  });
});
