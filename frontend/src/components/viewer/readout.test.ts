import { describe, expect, it } from "vitest";
import { underPointerWords, voxelAt } from "./readout";

describe("voxelAt", () => {
  it("counts a picture's rows from its top", () => {
    expect(voxelAt([0, 0.999, 0.5], [160, 120, 1], false)).toEqual([1, 1, 1]);
    expect(voxelAt([0.5, 0, 0.5], [160, 120, 1], false)).toEqual([81, 120, 1]);
  });

  it("counts a volume's slices as the sliders do", () => {
    expect(voxelAt([0.5, 0.25, 0.9], [10, 20, 30], true)).toEqual([6, 6, 28]);
  });

  it("is null outside", () => {
    expect(voxelAt([1, 0.5, 0.5], [10, 10, 1], false)).toBeNull();
    expect(voxelAt([0.5, -0.01, 0.5], [10, 10, 1], false)).toBeNull();
  });
});

describe("underPointerWords", () => {
  it("says the colours of a photograph, and the value of a volume", () => {
    expect(underPointerWords({ voxel: [84, 91, 1], values: [203, 112, 54] }, false, 255)).toBe(
      "x 84, y 91: 203 112 54",
    );
    expect(underPointerWords({ voxel: [6, 6, 28], values: [312.4] }, true, 1000)).toBe("x 6, y 6, z 28: 312");
  });
});
