/** What lies under the pointer: where it is in the image, and the stored value. */

import { formatIntensity } from "./intensity";

export interface UnderPointer {
  /** Right, down and through: of a picture from its top left corner, of a volume the numbers of its slices; from 1. */
  voxel: readonly [number, number, number];
  /** One of a grey image, three of a coloured one. */
  values: readonly number[];
}

/** `x 84, y 91: 203 112 54`, with z where there are slices. span: of the stored values, which sets the digits. */
export function underPointerWords({ voxel: [x, y, z], values }: UnderPointer, isVolume: boolean, span: number): string {
  const place = isVolume ? `x ${x}, y ${y}, z ${z}` : `x ${x}, y ${y}`;
  const said = values.length > 1 ? values.map(Math.round) : values.map((value) => formatIntensity(value, span));
  return `${place}: ${said.join(" ")}`;
}

/** The voxel's number from its place in the image, 0 to 1 from left, bottom and back; null outside. */
export function voxelAt(
  share: readonly [number, number, number],
  size: readonly [number, number, number],
  isVolume: boolean,
): UnderPointer["voxel"] | null {
  if (share.some((value) => value < 0 || value >= 1)) return null;
  const at = (axis: 0 | 1 | 2) => Math.floor(share[axis] * size[axis]);
  // A picture's rows are counted from its top, as every program for pictures does.
  return [at(0) + 1, isVolume ? at(1) + 1 : size[1] - at(1), at(2) + 1];
}
