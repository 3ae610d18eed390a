/** Volumes of NiiVue. */

import { NVImage } from "@niivue/niivue";

/** This share of a volume's darkest and brightest voxels is ignored, because one bright vessel would darken all else. */
const EXTREMES = 0.005;

/** The header's number of slices decides. A picture keeps the contrast of its file. */
function isVolume(file: ArrayBuffer): boolean {
  return new DataView(file).getInt16(46, true) > 1;
}

/** Reads the NIfTI file of an image, by a function that takes nineteen values in their order. */
export async function volumeOf(file: ArrayBuffer): Promise<NVImage> {
  const none = Number.NaN;
  return await NVImage.new(
    file,
    "image.nii",
    "gray",
    1,
    null,
    none,
    none,
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

/** The data type of red, green, blue and opacity in a byte each. */
const RGBA32 = 2304;

/**
 * Colours on the voxels of an image, four bytes each, x fastest. Of a file of them NiiVue would copy all and look for the
 * darkest and the brightest. Throws where they are of another number of voxels.
 */
export function colouredOver(image: NVImage, colours: Uint8Array): NVImage {
  const { hdr } = image;
  if (!hdr || colours.length !== 4 * (image.nVox3D ?? 0)) throw new Error("The masks are of another image.");
  const header = Object.assign(Object.create(Object.getPrototypeOf(hdr)), hdr, {
    datatypeCode: RGBA32,
    numBitsPerVoxel: 32,
    scl_slope: 1,
    scl_inter: 0,
  });
  const own = { id: `${image.id}-overlay`, hdr: header, img: colours, _colormap: "gray", _opacity: 1 };
  return Object.assign(new NVImage(), image, own, { cal_min: 0, cal_max: 1, global_min: 0, global_max: 1 });
}
