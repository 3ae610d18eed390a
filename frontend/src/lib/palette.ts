/** Colours that stay apart under the common colour-vision deficiencies (Okabe and Ito, 2008). */

const SITE_COLOURS = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#8c8c8c", "#b3a100"] as const;
const LINE_TYPES = ["solid", "dashed", "dotted"] as const;

/** Cyan, yellow and magenta first: they also stand out on the orange-red of a fundus photograph. */
const STRUCTURE_COLOURS = [
  "#22d3ee",
  "#fde047",
  "#f472b6",
  "#a3e635",
  "#f8fafc",
  "#fb923c",
  "#818cf8",
  "#34d399",
] as const;

/**
 * Agreement, false positive and false negative: white, yellow and blue differ in lightness and along the blue-yellow axis,
 * which red-green colour blindness leaves whole; none is a colour of tissue.
 */
export const ERROR_COLOURS = { agreement: "#f1f5f9", false_positive: "#facc15", false_negative: "#3b82f6" } as const;

export type LineType = (typeof LINE_TYPES)[number];

/** The colour of a site, by its position in the federation; after eight sites the line type changes as well. */
export function siteColour(position: number): string {
  return SITE_COLOURS[position % SITE_COLOURS.length] ?? SITE_COLOURS[0];
}

export function siteLineType(position: number): LineType {
  return LINE_TYPES[Math.floor(position / SITE_COLOURS.length) % LINE_TYPES.length] ?? "solid";
}

export function structureColour(index: number): string {
  return STRUCTURE_COLOURS[index % STRUCTURE_COLOURS.length] ?? STRUCTURE_COLOURS[0];
}

/** `#rrggbb` as three numbers of 0 to 255. */
export function rgb(hex: string): [number, number, number] {
  const value = Number.parseInt(hex.slice(1), 16);
  return [(value >> 16) & 255, (value >> 8) & 255, value & 255];
}

/** The colour mixed with white: how the reference differs from the prediction of the same structure. */
export function tint(hex: string, share: number): [number, number, number] {
  const [red, green, blue] = rgb(hex);
  const mix = (channel: number) => Math.round(channel + (255 - channel) * share);
  return [mix(red), mix(green), mix(blue)];
}
