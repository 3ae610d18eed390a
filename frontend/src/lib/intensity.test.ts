import { describe, expect, it } from "vitest";
import { formatIntensity } from "./intensity";

describe("formatIntensity", () => {
  it("keeps three digits of the range", () => {
    expect(formatIntensity(0.1234, 1)).toBe("0.12");
    expect(formatIntensity(0.01234, 0.5)).toBe("0.012");
    expect(formatIntensity(1234.5, 4095)).toBe("1235");
    expect(formatIntensity(0, 0)).toBe("0");
  });
});
