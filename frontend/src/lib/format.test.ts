import { expect, it } from "vitest";
import { unbroken } from "./format";

it("keeps an interval on one line with the number before it, and lets the rest of a sentence break", () => {
  expect(unbroken("It is level with it: 0.9 against 0.8, +0.080 [+0.064, +0.102], at [one] site.")).toBe(
    "It is level with it: 0.9 against 0.8, +0.080\u00a0[+0.064,\u00a0+0.102], at [one] site.",
  );
  expect(unbroken("[±0.1, ±0.2]")).toBe("[±0.1,\u00a0±0.2]");
});
