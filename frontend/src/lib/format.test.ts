import { expect, it } from "vitest";
import { formatAgo, unbroken } from "./format";

it("keeps an interval on one line with the number before it, and lets the rest of a sentence break", () => {
  expect(unbroken("It is level with it: 0.9 against 0.8, +0.080 [+0.064, +0.102], at [one] site.")).toBe(
    "It is level with it: 0.9 against 0.8, +0.080\u00a0[+0.064,\u00a0+0.102], at [one] site.",
  );
  expect(unbroken("[±0.1, ±0.2]")).toBe("[±0.1,\u00a0±0.2]");
});

it("says an age in whole seconds, minutes and hours", () => {
  const now = Date.parse("2026-01-02T10:00:00Z");
  const ages = [0, 7, 42, 600, 7260].map((seconds) => formatAgo(new Date(now - seconds * 1000).toISOString(), now));
  expect(ages).toEqual(["just now", "7 s ago", "42 s ago", "10 min ago", "2 h 1 min ago"]);
  expect(formatAgo(null, now)).toBe("never");
});
