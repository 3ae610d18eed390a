/** How large the structures of a mask are. */

import type { MaskVolume } from "./maskVolume";

export interface StructureSize {
  /** Area of a picture, volume of a volume, in the file's unit to the power of two or three. */
  size: number;
  /** From the first to the last row that holds some of it, in the file's unit. */
  height: number;
}

/** Of each structure; 0 where the mask has none of it. A picture is one slice. */
export function structureSizes(mask: MaskVolume, structures: readonly number[]): StructureSize[] {
  const [x, y, z] = mask.spacing;
  const voxel = x * y * (mask.depth > 1 ? z : 1);
  const plane = mask.width * mask.height;
  return structures.map((structure) => {
    const flag = (1 << structure) >>> 0;
    let [count, first, last] = [0, mask.height, -1];
    for (let index = 0; index < mask.bits.length; index += 1) {
      if (((mask.bits[index] as number) & flag) === 0) continue;
      count += 1;
      const row = Math.floor((index % plane) / mask.width);
      if (row < first) first = row;
      if (row > last) last = row;
    }
    return { size: count * voxel, height: Math.max(0, last - first + 1) * y };
  });
}
