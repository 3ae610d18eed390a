import { QueryClient } from "@tanstack/react-query";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { ApiError, unwrap } from "./client";
import { type Connection, followEvents } from "./live";

const opened: { url: string; closed: boolean; onopen?: () => void }[] = [];

class PlayedSource {
  closed = false;
  onopen?: () => void;
  constructor(readonly url: string) {
    opened.push(this);
  }
  addEventListener() {}
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

it("says of a call without a network that nothing was sent", async () => {
  online = false;
  const call = unwrap(Promise.resolve({ error: new TypeError("Failed to fetch") }));
  await expect(call).rejects.toThrow("Nothing was sent");
  await expect(unwrap(Promise.resolve({}))).rejects.toBeInstanceOf(ApiError);
});
