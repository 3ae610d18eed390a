import { afterEach, expect, it, vi } from "vitest";
import { holdTurns, waitForTurn } from "./turns";

afterEach(() => {
  holdTurns(() => false);
  vi.useRealTimers();
});

it("draws one after the other, and nothing while the page still asks", () => {
  vi.useFakeTimers();
  let isAsking = true;
  holdTurns(() => isAsking);
  const drawn: string[] = [];
  waitForTurn(() => drawn.push("curves"));
  const leave = waitForTurn(() => drawn.push("left"));
  waitForTurn(() => drawn.push("matrix"));
  vi.advanceTimersByTime(1000);
  expect(drawn).toEqual([]);
  leave();
  isAsking = false;
  vi.advanceTimersToNextTimer();
  expect(drawn).toEqual(["curves"]);
  vi.advanceTimersByTime(1000);
  expect(drawn).toEqual(["curves", "matrix"]);
});
