import { describe, expect, it } from "vitest";
import { contrast, heatColour, heatScale } from "./heat";

function channels(css: string): [number, number, number] {
  if (css.startsWith("#")) return [1, 3, 5].map((at) => Number.parseInt(css.slice(at, at + 2), 16)) as never;
  return (css.match(/\d+/g) ?? []).map(Number) as never;
}

describe("heatScale", () => {
  it("gives the best value 1, whichever way the metric goes", () => {
    const dice = heatScale([0.5, null, 0.9], "dice");
    expect([dice?.goodness(0.9), dice?.goodness(0.5), dice?.goodness(0.7)]).toEqual([1, 0, expect.closeTo(0.5)]);
    const hd95 = heatScale([2, 10], "hd95");
    expect([hd95?.best, hd95?.worst, hd95?.goodness(2), hd95?.goodness(10)]).toEqual([2, 10, 1, 0]);
  });

  it("is in the middle where all are equal, and absent without a value", () => {
    expect(heatScale([0.8, 0.8], "dice")?.goodness(0.8)).toBe(0.5);
    expect(heatScale([null], "dice")).toBeNull();
  });
});

describe("heatColour", () => {
  const steps = Array.from({ length: 41 }, (_, index) => index / 40);

  it.each([false, true])("can be read at every value, dark scheme %s", (dark) => {
    const lowest = steps.map((step) => {
      const { background, text } = heatColour(step, dark);
      return contrast(channels(text), channels(background));
    });
    expect(Math.min(...lowest)).toBeGreaterThanOrEqual(4.5);
  });

  it.each([false, true])("changes its lightness in one direction only, dark scheme %s", (dark) => {
    const white: [number, number, number] = [255, 255, 255];
    const lightness = steps.map((step) => contrast(white, channels(heatColour(step, dark).background)));
    const sorted = [...lightness].sort((left, right) => (dark ? right - left : left - right));
    expect(lightness).toEqual(sorted);
  });
});
