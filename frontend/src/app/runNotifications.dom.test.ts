import { QueryClient } from "@tanstack/react-query";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { type EventRecord, type RunRecord, runQuery } from "@/api";
import { noticeOf, setNotices, tellOfRun, wantsNotices } from "./runNotifications";

const run = { id: "r", experiment_id: "e", strategy_label: "FedSM", seed: 0, status: "completed" } as RunRecord;
const event = {
  kind: "status",
  run_id: "r",
  message: "FedSM, seed 0 is completed; its best round is 28.",
} as EventRecord;

class PlayedNotification {
  static permission = "granted";
  static shown: [string, NotificationOptions][] = [];
  static requestPermission = async () => PlayedNotification.permission;
  onclick: (() => void) | null = null;
  constructor(title: string, options: NotificationOptions) {
    PlayedNotification.shown.push([title, options]);
  }
}

function client(status: RunRecord["status"]): QueryClient {
  const made = new QueryClient();
  made.setQueryDefaults(runQuery("r").queryKey, {});
  vi.spyOn(made, "fetchQuery").mockResolvedValue({ ...run, status });
  return made;
}

beforeEach(() => {
  localStorage.clear();
  PlayedNotification.shown = [];
  PlayedNotification.permission = "granted";
  vi.stubGlobal("Notification", PlayedNotification);
  vi.spyOn(document, "hidden", "get").mockReturnValue(true);
});
afterEach(() => vi.unstubAllGlobals());

it("tells of an end and of a failure, and of nothing else", () => {
  expect(noticeOf(run, "Done.")).toEqual({ title: "FedSM, seed 0 is finished", body: "Done." });
  expect(noticeOf({ ...run, status: "failed" }, "Out of memory.")?.title).toBe("FedSM, seed 0 has failed");
  for (const status of ["running", "evaluating", "paused", "cancelled"] as const)
    expect(noticeOf({ ...run, status }, "")).toBeNull();
});

it("tells a person who asked for it, once a run", async () => {
  await tellOfRun(event, client("completed"));
  expect(PlayedNotification.shown).toEqual([]);
  await setNotices(true);
  await tellOfRun(event, client("running"));
  await tellOfRun(event, client("completed"));
  expect(PlayedNotification.shown).toEqual([
    ["FedSM, seed 0 is finished", { body: event.message, tag: "r", icon: "/favicon.svg" }],
  ]);
  await setNotices(false);
  expect(wantsNotices()).toBe(false);
});

it("says what to do where the browser refuses", async () => {
  PlayedNotification.permission = "denied";
  await expect(setNotices(true)).rejects.toThrow(/allow them in the page's permissions/);
  expect(wantsNotices()).toBe(false);
});

it("is silent on a page that somebody looks at", async () => {
  await setNotices(true);
  vi.spyOn(document, "hidden", "get").mockReturnValue(false);
  await tellOfRun(event, client("completed"));
  expect(PlayedNotification.shown).toEqual([]);
});
