import { QueryClient } from "@tanstack/react-query";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { ApiError, unwrap } from "./client";
import { type Connection, followEvents, watchNetwork } from "./live";

const opened: PlayedSource[] = [];

class PlayedSource {
  closed = false;
  onopen?: () => void;
  readonly listeners: Record<string, () => void> = {};
  constructor(readonly url: string) {
    opened.push(this);
  }
  addEventListener(kind: string, listener: () => void) {
    this.listeners[kind] = listener;
  }
  close() {
    this.closed = true;
  }
}

let online = true;
beforeEach(() => {
  online = true;
  opened.length = 0;
  vi.stubGlobal("EventSource", PlayedSource);
  vi.spyOn(navigator, "onLine", "get").mockImplementation(() => online);
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

function setOnline(next: boolean) {
  online = next;
  window.dispatchEvent(new Event(next ? "online" : "offline"));
}

it("notices at once that the network is gone, and goes on by itself when it is back", () => {
  const states: Connection[] = [];
  const stop = followEvents(new QueryClient(), 7, (state) => states.push(state));
  opened[0]?.onopen?.();
  setOnline(false);
  expect(states).toEqual(["open", "offline"]);
  expect(opened[0]?.closed).toBe(true);
  setOnline(true);
  expect(opened).toHaveLength(2);
  opened[1]?.onopen?.();
  expect(states.at(-1)).toBe("open");
  stop();
  setOnline(false);
  expect(states.at(-1)).toBe("open");
});

it("asks again for what is on screen when the stream comes back, and not when it first opens", () => {
  const client = new QueryClient();
  const again = vi.spyOn(client, "invalidateQueries");
  const stop = followEvents(client, 7, () => {});
  expect(opened[0]?.url).toBe("/api/v1/events/stream?after=7");
  opened[0]?.onopen?.();
  expect(again).not.toHaveBeenCalled();
  setOnline(false);
  setOnline(true);
  opened[1]?.onopen?.();
  expect(again).toHaveBeenCalledOnce();
  stop();
});

it("says so when the backend falls silent, and goes on with the same stream when it speaks again", () => {
  vi.useFakeTimers();
  const client = new QueryClient();
  const again = vi.spyOn(client, "invalidateQueries");
  const states: Connection[] = [];
  const stop = followEvents(client, 7, (state) => states.push(state));
  opened[0]?.onopen?.();
  for (let sign = 0; sign < 5; sign += 1) {
    vi.advanceTimersByTime(4_000);
    opened[0]?.listeners.alive?.();
  }
  expect(states).toEqual(["open"]);
  vi.advanceTimersByTime(10_000);
  expect(states).toEqual(["open", "lost"]);
  opened[0]?.listeners.alive?.();
  expect(states).toEqual(["open", "lost", "open"]);
  expect(opened).toHaveLength(1);
  expect(again).not.toHaveBeenCalled();
  stop();
  vi.advanceTimersByTime(60_000);
  expect(states).toHaveLength(3);
});

it("says it of a network that is gone also to who follows no events, and asks again when it is back", () => {
  const client = new QueryClient();
  const again = vi.spyOn(client, "invalidateQueries");
  const states: Connection[] = [];
  const stop = watchNetwork(client, (state) => states.push(state));
  setOnline(false);
  setOnline(true);
  expect(states).toEqual(["offline", "open"]);
  expect(again).toHaveBeenCalledOnce();
  stop();
  setOnline(false);
  expect(states).toHaveLength(2);
});

it("says of a call without a network that nothing was sent", async () => {
  online = false;
  const call = unwrap(Promise.resolve({ error: new TypeError("Failed to fetch") }));
  await expect(call).rejects.toThrow("Nothing was sent");
  await expect(unwrap(Promise.resolve({}))).rejects.toBeInstanceOf(ApiError);
});
