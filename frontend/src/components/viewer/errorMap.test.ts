import { describe, expect, it } from "vitest";
import { errorCounts, errorParts } from "./errorMap";
import type { MaskVolume } from "./maskVolume";

function mask(...bits: number[]): MaskVolume {
  return {
    width: bits.length,
    height: 1,
    depth: 1,
    spacing: [1, 1, 1],
    bits: Uint32Array.from(bits),
  };
}

describe("the error map", () => {
  it("tells agreement, too much and too little apart", () => {
    const parts = errorParts(mask(0, 1, 0, 1), mask(0, 1, 1, 0), [0]);
    expect([...parts]).toEqual([0, 1, 2, 3]);
    expect(errorCounts(parts)).toEqual({ agreement: 1, false_positive: 1, false_negative: 1 });
  });

  it("agrees only where all structures do, and what is missed weighs more", () => {
    // Disc and cup: the cup alone missed; the cup too much; one missed and another too much.
    expect([...errorParts(mask(3, 1, 2), mask(1, 3, 1), [0, 1])]).toEqual([3, 2, 3]);
  });

  it("looks only at the structures that are shown", () => {
    expect([...errorParts(mask(3, 2), mask(1, 0), [0])]).toEqual([1, 0]);
  });

  it("refuses masks of different images", () => {
    expect(() => errorParts(mask(1), mask(1, 1), [0])).toThrow("different images");
  });
});
