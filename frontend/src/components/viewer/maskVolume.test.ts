import { describe, expect, it } from "vitest";
import { type Axis, type MaskVolume, mostDifferentSlice, outline } from "./maskVolume";

function marked(bits: number[], [width, height, depth]: [number, number, number]): MaskVolume {
  return { width, height, depth, spacing: [1, 1, 1], bits: Uint32Array.from(bits) };
}

describe("mask volumes", () => {
  it("finds the slice where two masks differ most, of the structures that are asked for", () => {
    const volume = (bits: number[]) => ({
      width: 2,
      height: 1,
      depth: 3,
      spacing: [1, 1, 1] as [number, number, number],
      bits: Uint32Array.from(bits),
    });
    const reference = volume([0, 0, 1, 1, 3, 3]);
    const prediction = volume([1, 0, 1, 1, 1, 1]);
    expect(mostDifferentSlice(reference, prediction, [0, 1])).toBe(2);
    expect(mostDifferentSlice(reference, prediction, [0])).toBe(0);
    expect(mostDifferentSlice(reference, reference, [0, 1])).toBeUndefined();
  });

  it("outlines a square with the ring of its border", () => {
    const square = [0, 0, 0, 0, 0, 0, 1, 1, 1, 0, 0, 1, 1, 1, 0, 0, 1, 1, 1, 0, 0, 0, 0, 0, 0];
    const ring = [0, 0, 0, 0, 0, 0, 1, 1, 1, 0, 0, 1, 0, 1, 0, 0, 1, 1, 1, 0, 0, 0, 0, 0, 0];
    expect([...outline(marked(square, [5, 5, 1]), Uint8Array.from(square), [0, 1])]).toEqual(ring);
  });

  it("closes an outline above and below in the planes that show it", () => {
    const cube = marked(Array(27).fill(1), [3, 3, 3]);
    const edge = (axes: Axis[]) => outline(cube, Uint8Array.from(cube.bits), axes);
    const at = (x: number, y: number, z: number) => x + 3 * y + 9 * z;
    const middleOfTop = at(1, 1, 2);
    expect(edge([0, 1])[middleOfTop]).toBe(0);
    expect(edge([0, 2])[middleOfTop]).toBe(1);
    expect(edge([1, 2])[middleOfTop]).toBe(1);
    expect(edge([0, 2])[at(1, 0, 1)]).toBe(0);
    expect(edge([0, 1, 2])[middleOfTop]).toBe(1);
    expect(edge([0, 1, 2])[at(1, 1, 1)]).toBe(0);
  });

  it("is as wide in long voxels as in short ones", () => {
    const block = marked(Array(320 * 9).fill(1), [320, 1, 9]);
    block.spacing = [1, 1, 5];
    const border = outline(block, Uint8Array.from(block.bits), [0, 2]);
    const row = (z: number) => [...border.slice(320 * z, 320 * (z + 1))].filter(Boolean).length;
    expect([row(0), row(1), row(4)]).toEqual([320, 4, 4]);
  });
});
