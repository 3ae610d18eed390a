import { describe, expect, it } from "vitest";
import { structureVoxels } from "./maskVolume";
import { gunzip, parseMask } from "./nifti";

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
  file.set(new TextEncoder().encode("n+1"), 344);
  file.set(values, 352);
  return file.buffer;
}

describe("mask files", () => {
  it("splits overlapping structures by their bits", () => {
    const mask = parseMask(niftiFile(4, 1, [0, 1, 3, 2]));
    expect([...structureVoxels(mask, 0)]).toEqual([0, 1, 1, 0]);
    expect([...structureVoxels(mask, 1)]).toEqual([0, 0, 1, 1]);
    expect([...structureVoxels(mask, 2)]).toEqual([0, 0, 0, 0]);
  });

  it("refuses what is no NIfTI file and what is cut short", () => {
    expect(() => parseMask(new ArrayBuffer(400))).toThrow("not a NIfTI-1 file");
    expect(() => parseMask(niftiFile(4, 4, [1, 1]))).toThrow("cut short");
    const bigEndian = niftiFile(1, 1, [1]);
    new DataView(bigEndian).setInt32(0, 348, false);
    expect(() => parseMask(bigEndian)).toThrow("not a NIfTI-1 file");
  });

  it("reads every bit of wide voxels, lengths and a header with extensions", () => {
    const file = new Uint8Array(368 + 8);
    file.set(new Uint8Array(niftiFile(2, 1, [])), 0);
    const view = new DataView(file.buffer);
    view.setInt16(70, 768, true);
    view.setInt16(72, 32, true);
    [0.5, -0.5, 3].forEach((length, axis) => {
      view.setFloat32(80 + 4 * axis, length, true);
    });
    view.setFloat32(108, 368, true);
    view.setUint8(348, 1);
    view.setInt32(352, 16, true);
    view.setUint32(368, 0x80000001, true);
    view.setUint32(372, 2, true);
    const mask = parseMask(file.buffer);
    expect(mask).toMatchObject({ width: 2, height: 1, depth: 1, spacing: [0.5, 0.5, 3] });
    expect([...mask.bits]).toEqual([0x80000001, 2]);
    expect([...structureVoxels(mask, 31)]).toEqual([1, 0]);
  });

  it("leaves uncompressed bytes alone", async () => {
    const file = niftiFile(1, 1, [1]);
    expect(await gunzip(file)).toBe(file);
  });
});
