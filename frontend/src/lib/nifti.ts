/**
 * The little of NIfTI-1 that the viewer needs: to split a mask volume, whose voxels hold bit 2**i for structure i, into
 * one volume a structure. Source: https://nifti.nimh.nih.gov/nifti-1 (nifti1.h).
 */

const HEADER_BYTES = 348;
const DATA_TYPES = { 2: 8, 4: 16, 512: 16, 8: 32, 768: 32 } as const;
const DT_UINT8 = 2;

export interface MaskVolume {
  /** Everything before the voxels: header and extensions. */
  header: Uint8Array<ArrayBuffer>;
  width: number;
  height: number;
  depth: number;
  /** The bits of each voxel, x fastest. */
  bits: Uint32Array;
}

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
  const view = new DataView(buffer);
  if (buffer.byteLength < HEADER_BYTES + 4 || view.getInt32(0, true) !== HEADER_BYTES) {
    throw new Error("The mask is not a NIfTI-1 file. Evaluate the run again to write its masks anew.");
  }
  const dataType = view.getInt16(70, true);
  const bitsPerVoxel = DATA_TYPES[dataType as keyof typeof DATA_TYPES];
  if (bitsPerVoxel === undefined) {
    throw new Error(`The mask has NIfTI data type ${dataType}; the viewer reads unsigned and signed integers.`);
  }
  const [width, height, depth] = [1, 2, 3].map((axis) => Math.max(1, view.getInt16(40 + 2 * axis, true))) as [
    number,
    number,
    number,
  ];
  const offset = view.getFloat32(108, true);
  const voxels = width * height * depth;
  const bytesPerVoxel = bitsPerVoxel / 8;
  if (buffer.byteLength < offset + voxels * bytesPerVoxel) {
    throw new Error(`The mask is cut short: ${buffer.byteLength} bytes for ${width} x ${height} x ${depth} voxels.`);
  }
  const bits = new Uint32Array(voxels);
  for (let index = 0; index < voxels; index += 1) {
    const at = offset + index * bytesPerVoxel;
    bits[index] =
      bytesPerVoxel === 1
        ? view.getUint8(at)
        : bytesPerVoxel === 2
          ? view.getUint16(at, true)
          : view.getUint32(at, true);
  }
  return { header: new Uint8Array(buffer.slice(0, offset)), width, height, depth, bits };
}

/** 1 where the voxel holds the structure's bit, else 0. */
export function structureVoxels(mask: MaskVolume, structure: number): Uint8Array {
  const flag = 2 ** structure;
  return Uint8Array.from(mask.bits, (value) => (Math.floor(value / flag) % 2 === 1 ? 1 : 0));
}

/** The slice in which most voxels have another bit of one of the structures; undefined where none has. */
export function mostDifferentSlice(
  one: MaskVolume,
  other: MaskVolume,
  structures: readonly number[],
): number | undefined {
  if (one.bits.length !== other.bits.length) throw new Error("The masks are of different images.");
  const wanted = structures.reduce((bits, structure) => (bits | (1 << structure)) >>> 0, 0);
  const plane = one.width * one.height;
  let [worst, most]: [number | undefined, number] = [undefined, 0];
  for (let slice = 0; slice < one.depth; slice += 1) {
    let count = 0;
    for (let index = slice * plane; index < (slice + 1) * plane; index += 1) {
      if ((((one.bits[index] as number) ^ (other.bits[index] as number)) & wanted) !== 0) count += 1;
    }
    if (count > most) [worst, most] = [slice, count];
  }
  return worst;
}

/** The voxels within `thickness` of the border, in each slice; the border of the picture counts. */
export function outline(voxels: Uint8Array, width: number, height: number, thickness: number): Uint8Array {
  let inner = voxels;
  for (let step = 0; step < thickness; step += 1) inner = erode(inner, width, height, step % 2 === 1);
  return voxels.map((value, index) => (value === 1 && inner[index] === 0 ? 1 : 0));
}

/** Four and eight neighbours take turns, so that a thick outline of a circle stays round. */
function erode(voxels: Uint8Array, width: number, height: number, diagonal: boolean): Uint8Array {
  const result = new Uint8Array(voxels.length);
  const plane = width * height;
  for (let index = 0; index < voxels.length; index += 1) {
    if (voxels[index] === 0) continue;
    const x = index % width;
    const y = Math.floor((index % plane) / width);
    if (x === 0 || y === 0 || x === width - 1 || y === height - 1) continue;
    const straight = voxels[index - 1] && voxels[index + 1] && voxels[index - width] && voxels[index + width];
    const corners =
      !diagonal ||
      (voxels[index - width - 1] &&
        voxels[index - width + 1] &&
        voxels[index + width - 1] &&
        voxels[index + width + 1]);
    result[index] = straight && corners ? 1 : 0;
  }
  return result;
}

/** A NIfTI-1 file with the mask's geometry and these voxels. */
export function toNifti(mask: MaskVolume, voxels: Uint8Array): ArrayBuffer {
  const file = new Uint8Array(mask.header.length + voxels.length);
  file.set(mask.header, 0);
  file.set(voxels, mask.header.length);
  const view = new DataView(file.buffer);
  view.setInt16(70, DT_UINT8, true);
  view.setInt16(72, 8, true);
  view.setFloat32(112, 1, true);
  view.setFloat32(116, 0, true);
  return file.buffer;
}
