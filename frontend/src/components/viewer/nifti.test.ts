import { describe, expect, it } from "vitest";
import {
  type Axis,
  gunzip,
  type MaskVolume,
  mostDifferentSlice,
  outline,
  parseMask,
  structureVoxels,
  toNifti,
} from "./nifti";

/** A NIfTI-1 file of unsigned bytes, one slice. */
function niftiFile(width: number, height: number, values: number[]): ArrayBuffer {
  const file = new Uint8Array(352 + values.length);
  const view = new DataView(file.buffer);
  view.setInt32(0, 348, true);
  [3, width, height, 1].forEach((size, index) => {
    view.setInt16(40 + 2 * index, size, true);
  });
  view.setInt16(70, 2, true);
  view.setInt16(72, 8, true);
  view.setFloat32(108, 352, true);
  file.set(values, 352);
  return file.buffer;
}

function marked(bits: number[], [width, height, depth]: [number, number, number]): MaskVolume {
  return { header: new Uint8Array(0), width, height, depth, spacing: [1, 1, 1], bits: Uint32Array.from(bits) };
}

describe("mask volumes", () => {
  it("splits overlapping structures by their bits", () => {
    const mask = parseMask(niftiFile(4, 1, [0, 1, 3, 2]));
    expect([...structureVoxels(mask, 0)]).toEqual([0, 1, 1, 0]);
    expect([...structureVoxels(mask, 1)]).toEqual([0, 0, 1, 1]);
    expect([...structureVoxels(mask, 2)]).toEqual([0, 0, 0, 0]);
  });

  it("refuses what is no NIfTI file and what is cut short", () => {
    expect(() => parseMask(new ArrayBuffer(400))).toThrow("not a NIfTI-1 file");
    expect(() => parseMask(niftiFile(4, 4, [1, 1]))).toThrow("cut short");
  });

  it("keeps the geometry when it writes one structure", () => {
    const mask = parseMask(niftiFile(2, 2, [1, 2, 3, 0]));
    const again = parseMask(toNifti(mask, structureVoxels(mask, 1)));
    expect([again.width, again.height, again.depth]).toEqual([2, 2, 1]);
    expect([...again.bits]).toEqual([0, 1, 1, 0]);
  });

  it("finds the slice where two masks differ most, of the structures that are asked for", () => {
    const volume = (bits: number[]) => ({
      header: new Uint8Array(0),
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

  it("leaves uncompressed bytes alone", async () => {
    const file = niftiFile(1, 1, [1]);
    expect(await gunzip(file)).toBe(file);
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
