/** Masks as NIfTI-1 files. Source: https://nifti.nimh.nih.gov/nifti-1 (nifti1.h). */

import { isNIFTI1, NIFTI1, readImage } from "nifti-reader-js";
import type { MaskVolume } from "./maskVolume";

/** What the voxels of each data type that holds bits are read as. */
const VOXELS: Readonly<Record<number, typeof Uint8Array | typeof Uint16Array | typeof Uint32Array>> = {
  [NIFTI1.TYPE_UINT8]: Uint8Array,
  [NIFTI1.TYPE_INT16]: Uint16Array,
  [NIFTI1.TYPE_UINT16]: Uint16Array,
  [NIFTI1.TYPE_INT32]: Uint32Array,
  [NIFTI1.TYPE_UINT32]: Uint32Array,
};

function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/** The bytes, decompressed if they are gzip. */
export async function gunzip(buffer: ArrayBuffer): Promise<ArrayBuffer> {
  if (!isGzip(new Uint8Array(buffer))) return buffer;
  const stream = new Blob([buffer]).stream().pipeThrough(new DecompressionStream("gzip"));
  return await new Response(stream).arrayBuffer();
}

/** Reads an uncompressed little-endian NIfTI-1 mask. Throws if it is something else. */
export function parseMask(buffer: ArrayBuffer): MaskVolume {
  const header = headerOf(buffer);
  const Voxels = VOXELS[header.datatypeCode];
  if (!Voxels) {
    throw new Error(
      `The mask has NIfTI data type ${header.datatypeCode}; the viewer reads unsigned and signed integers.`,
    );
  }
  const [, width = 1, height = 1, depth = 1] = header.dims;
  header.numBitsPerVoxel = 8 * Voxels.BYTES_PER_ELEMENT;
  const stored = readImage(header, buffer);
  if (stored.byteLength < width * height * depth * Voxels.BYTES_PER_ELEMENT) {
    throw new Error(`The mask is cut short: ${buffer.byteLength} bytes for ${width} x ${height} x ${depth} voxels.`);
  }
  const [, x = 1, y = 1, z = 1] = header.pixDims.map((length) => Math.abs(length) || 1);
  return {
    width,
    height,
    depth,
    spacing: [x, y, z],
    bits: new Voxels(stored),
  };
}

/** The header, with its sizes as those of one volume. */
function headerOf(buffer: ArrayBuffer): NIFTI1 {
  const header = new NIFTI1();
  if (isNIFTI1(buffer)) header.readHeader(buffer);
  if (!header.littleEndian) {
    throw new Error("The mask is not a NIfTI-1 file. Evaluate the run again to write its masks anew.");
  }
  header.dims = [3, ...header.dims.slice(1, 4).map((size) => Math.max(1, size))];
  return header;
}
