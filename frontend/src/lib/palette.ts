/**
 * Colours of sites: the hues of Okabe and Ito (2008), blue, orange, green, purple, sky blue, vermilion, grey and yellow in
 * this order, with other lightness. Theirs have down to 2.2 to 1 against white; these have 3 to 1 or more against every
 * surface that they are drawn on, by day and by night, and stay farther apart under each colour-vision deficiency.
 * palette.test.ts holds both.
 */
export const SITE_COLOURS = [
  "#003da5",
  "#c58117",
  "#01836e",
  "#e8399b",
  "#1c96e9",
  "#7a3302",
  "#332c35",
  "#816800",
] as const;
export const SITE_COLOURS_BY_NIGHT = [
  "#2f74f2",
  "#f5a311",
  "#4cf0d5",
  "#b35da5",
  "#22b9ff",
  "#ea5013",
  "#a4a398",
  "#f2ef5a",
] as const;
const LINE_TYPES = ["solid", "dashed", "dotted"] as const;

/** Cyan, yellow and magenta first: they also stand out on the orange-red of a fundus photograph. */
export const STRUCTURE_COLOURS = [
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

/** Around a bar of a structure's colour, which by day has too little contrast to be seen on the page. */
export const STRUCTURE_OUTLINE = "#868e96";

/** The colour of a site, by its position in the federation; after eight sites the line type changes as well. */
export function siteColour(position: number): string {
  return `var(${siteVariable(position % SITE_COLOURS.length)})`;
}

function siteVariable(index: number): string {
  return `--fedsm-site-${index}`;
}

/** For the theme: what siteColour names. */
export function siteVariables(dark: boolean): Record<string, string> {
  const colours = dark ? SITE_COLOURS_BY_NIGHT : SITE_COLOURS;
  return Object.fromEntries(colours.map((colour, index) => [siteVariable(index), colour]));
}

/** A chart's option with its sites' colours as a canvas knows them. Points, of which there may be many, have none. */
export function painted<Value>(value: Value, dark: boolean): Value {
  const variables = siteVariables(dark);
  const paint = (part: unknown): unknown => {
    if (typeof part === "string") return variables[part.slice("var(".length, -1)] ?? part;
    if (Array.isArray(part)) return typeof part[0] === "number" || Array.isArray(part[0]) ? part : part.map(paint);
    if (typeof part !== "object" || part === null) return part;
    return Object.fromEntries(Object.entries(part).map(([key, inner]) => [key, paint(inner)]));
  };
  return paint(value) as Value;
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
