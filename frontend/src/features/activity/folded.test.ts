import { expect, it } from "vitest";
import type { EventRecord } from "@/api";
import { folded } from "./folded";

const event = (id: number, at: string, kind: EventRecord["kind"], message: string) =>
  ({ id, at, kind, message, actor: "admin" }) as EventRecord;

it("folds what somebody did again on one day, and nothing else", () => {
  const rows = folded([
    event(6, "2026-03-04T12:00:00", "user", "admin signed in."),
    event(5, "2026-03-04T11:00:00", "site", "The worker w is offline."),
    event(4, "2026-03-04T10:00:00", "user", "admin signed in."),
    event(3, "2026-03-04T09:00:00", "site", "The worker w is offline."),
    event(2, "2026-03-04T08:00:00", "user", "ada signed in."),
    event(1, "2026-03-03T12:00:00", "user", "admin signed in."),
  ]);
  expect(rows.map(({ event: { id }, times }) => [id, times])).toEqual([
    [6, 2],
    [5, 1],
    [3, 1],
    [2, 1],
    [1, 1],
  ]);
});
