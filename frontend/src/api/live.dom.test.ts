import { QueryClient } from "@tanstack/react-query";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { EventRecord } from "./generated/types.gen";
import { followEvents } from "./live";

let tell: (kind: EventRecord["kind"]) => void;
let newest = 100;

class PlayedSource {
  constructor() {
    const listeners = new Map<string, (message: unknown) => void>();
    this.addEventListener = (kind, listener) => listeners.set(kind, listener);
    tell = (kind) => {
      const event = { id: ++newest, kind, run_id: "r", experiment_id: "e" };
      listeners.get(kind)?.({ lastEventId: String(newest), data: JSON.stringify(event) });
    };
  }
  addEventListener: (kind: string, listener: (message: unknown) => void) => void;
  close() {}
}

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("EventSource", PlayedSource);
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

function followed() {
  const client = new QueryClient();
  const again = vi.spyOn(client, "invalidateQueries");
  const stop = followEvents(client, 7, () => {});
  return { stop, asked: () => again.mock.calls.map(([filters]) => filters?.queryKey) };
}

it("asks for a run's log and curves every two seconds, however much its sites say", () => {
  const { stop, asked } = followed();
  for (let line = 0; line < 99; line++) {
    tell("log");
    vi.advanceTimersByTime(100);
  }
  expect(asked().filter((key) => key?.[2] === "log")).toHaveLength(4);
  expect(asked()).not.toContainEqual(["run", "r"]);
  stop();
});

it("asks soon after a task ends, once for all of the run", () => {
  const { stop, asked } = followed();
  tell("log");
  tell("task");
  vi.advanceTimersByTime(600);
  expect(asked()).toEqual([["activity"], ["run", "r"], ["experiment", "e"]]);
  vi.advanceTimersByTime(5000);
  expect(asked()).toHaveLength(3);
  stop();
});
