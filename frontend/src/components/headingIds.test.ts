import { expect, it } from "vitest";
import { headingIds } from "./headingIds";

it("makes one id a heading", () => {
  expect(headingIds(["Dice \u2191 on the test cases", "Log", "Log", "HD95 in px"])).toEqual([
    "at-dice-on-the-test-cases",
    "at-log",
    "at-log-2",
    "at-hd95-in-px",
  ]);
});
