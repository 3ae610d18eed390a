/** A NIfTI file as a volume of NiiVue, whose function for it takes nineteen values in their order. */

import { NVImage } from "@niivue/niivue";

/** This share of a volume's darkest and brightest voxels is ignored, because one bright vessel would darken all else. */
const EXTREMES = 0.005;

/** The header's number of slices decides. A picture keeps the contrast of its file. */
function isVolume(file: ArrayBuffer): boolean {
  return new DataView(file).getInt16(46, true) > 1;
}

/** Reads a NIfTI file that is at hand. Numbers that are left out: NiiVue's choice. */
export async function volumeOf(
  file: ArrayBuffer,
  name: string,
  colormap: string,
  opacity: number,
  [low, high]: [number, number],
): Promise<NVImage> {
  const none = Number.NaN;
  return await NVImage.new(
    file,
    name,
    colormap,
    opacity,
    null,
    low,
    high,
    true,
    isVolume(file) ? EXTREMES : 0,
    false,
    false,
    "",
    0,
    0,
    none,
    none,
    false,
    null,
    0,
    null,
  );
}
