import { describe, expect, it } from "vitest";
import type { MaskVolume } from "./maskVolume";
import { structureSizes } from "./structureSizes";

const mask = (width: number, height: number, depth: number, spacing: [number, number, number], bits: number[]) =>
  ({ header: new Uint8Array(), width, height, depth, spacing, bits: Uint32Array.from(bits) }) as MaskVolume;

describe("the size of structures", () => {
  it("is an area in a picture, whatever its one slice is thick, and a height from row to row", () => {
    // Rows of three: structure 0 in rows 0 to 2, structure 1 (bit 2) in the middle alone.
    const picture = mask(3, 4, 1, [0.5, 2, 7], [0, 1, 0, 1, 3, 1, 0, 1, 0, 0, 0, 0]);
    expect(structureSizes(picture, [0, 1, 2])).toEqual([
      { size: 5, height: 6 },
      { size: 1, height: 2 },
      { size: 0, height: 0 },
    ]);
  });

  it("is a volume of several slices", () => {
    expect(structureSizes(mask(1, 2, 2, [1, 2, 3], [1, 0, 1, 1]), [0])).toEqual([{ size: 18, height: 4 }]);
  });
});
