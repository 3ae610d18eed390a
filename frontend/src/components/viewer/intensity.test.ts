import { describe, expect, it } from "vitest";
import { formatIntensity, nextWindow } from "./intensity";

describe("formatIntensity", () => {
  it("keeps three digits of the range", () => {
    expect(formatIntensity(0.1234, 1)).toBe("0.12");
    expect(formatIntensity(0.01234, 0.5)).toBe("0.012");
    expect(formatIntensity(1234.5, 4095)).toBe("1235");
    expect(formatIntensity(0, 0)).toBe("0");
  });
});

describe("nextWindow", () => {
  const volume = { range: [0, 100] as [number, number], window: [10, 80] as [number, number] };

  it("goes round the presets, and begins at the first after a window of one's own", () => {
    expect(nextWindow(volume, [10, 80])).toEqual([0, 100]);
    expect(nextWindow(volume, [0, 100])).toEqual([5, 60]);
    expect(nextWindow(volume, [5, 60])).toBeUndefined();
    expect(nextWindow(volume, [1, 2])).toBeUndefined();
  });
});
