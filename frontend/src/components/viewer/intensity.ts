/** Stored values of an image as people read them: three digits of the range, whether it ends at 1 or at 4095. */

const SIGNIFICANT = 3;

/** Behind the point. */
export function intensityDigits(span: number): number {
  return span > 0 ? Math.max(0, SIGNIFICANT - 1 - Math.floor(Math.log10(span))) : 0;
}

export function formatIntensity(value: number, span: number): string {
  return value.toFixed(intensityDigits(span));
}

type Window = [number, number];

interface Intensities {
  /** Of the stored values. */
  range: Window;
  /** What is black and white at first. */
  window: Window;
}

/** The middle of the range, for soft contrasts: what is very dark and very bright is given up. */
const SOFT: Readonly<Window> = [0.05, 0.6];

/** Windows to choose from. `window` left out: the viewer's own choice. */
export function windowPresets({ range: [low, high] }: Intensities): { label: string; window: Window | undefined }[] {
  const at = (share: number) => low + share * (high - low);
  return [
    { label: "Automatic", window: undefined },
    { label: "Full range", window: [low, high] },
    { label: "Soft tissue", window: [at(SOFT[0]), at(SOFT[1])] },
  ];
}

/** The preset after the one that is shown; after any other window the first. */
export function nextWindow(volume: Intensities, shown: Window): Window | undefined {
  const near = (one: number, other: number) => Math.abs(one - other) <= 1e-6 * (volume.range[1] - volume.range[0]);
  const presets = windowPresets(volume);
  const at = presets.findIndex(({ window = volume.window }) => near(window[0], shown[0]) && near(window[1], shown[1]));
  return presets[(at + 1) % presets.length]?.window;
}
