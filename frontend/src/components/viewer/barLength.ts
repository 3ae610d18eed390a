/** A bar of a round length next to an image. */

export interface Bar {
  /** On screen. */
  pixels: number;
  label: string;
}

const ROUND = [1, 2, 5] as const;

/** The longest bar of 1, 2 or 5 times a power of ten that fits; pixelLength: of one pixel, in the unit. */
export function scaleBar(pixelLength: number, unit: "mm" | "px", mostPixels: number): Bar {
  const most = pixelLength * mostPixels;
  const power = 10 ** Math.floor(Math.log10(most));
  const length = ([...ROUND].reverse().find((step) => step * power <= most * (1 + 1e-9)) ?? 1) * power;
  return { pixels: length / pixelLength, label: `${Number(length.toPrecision(1))} ${unit}` };
}
