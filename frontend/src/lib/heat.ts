/** Colours of a heat map: one sequence whose lightness alone tells better from worse, so that it also prints grey. */

import type { ScoreName } from "@/api";
import { metricOf } from "./metrics";
import { rgb } from "./palette";

export interface HeatScale {
  best: number;
  worst: number;
  /** 0 for the worst value, 1 for the best; 0.5 where all are equal. */
  goodness: (value: number) => number;
}

export interface HeatColour {
  background: string;
  text: string;
}

type Rgb = [number, number, number];

/** ColorBrewer's YlGnBu without its ends; the best stands out from the page, so the dark scheme runs the other way. */
const LIGHT = ["#f3faca", "#c7e9b4", "#7fcdbb", "#41b6c4", "#1d91c0", "#225ea8", "#253494"];
const DARK = ["#1b2247", "#253494", "#225ea8", "#1d91c0", "#41b6c4", "#7fcdbb", "#c7e9b4"];
/** Black or white, whichever has more contrast; one of them always has at least 4.58. */
const INK: readonly string[] = ["#000000", "#ffffff"];

/** null where there is no value. */
export function heatScale(values: readonly (number | null)[], metric: ScoreName): HeatScale | null {
  const known = values.filter((value): value is number => value !== null);
  if (known.length === 0) return null;
  const [low, high] = [Math.min(...known), Math.max(...known)];
  const up = metricOf(metric).higherIsBetter;
  const share = (value: number) => (high === low ? 0.5 : (value - low) / (high - low));
  return {
    best: up ? high : low,
    worst: up ? low : high,
    goodness: (value) => (high === low ? 0.5 : up ? share(value) : 1 - share(value)),
  };
}

/** goodness: 0 to 1. The text is black or white, whichever is easier to read on the background. */
export function heatColour(goodness: number, dark: boolean): HeatColour {
  const anchors = dark ? DARK : LIGHT;
  const place = Math.min(1, Math.max(0, goodness)) * (anchors.length - 1);
  const below = Math.min(Math.floor(place), anchors.length - 2);
  const background = mix(rgb(anchors[below] ?? ""), rgb(anchors[below + 1] ?? ""), place - below);
  const text = INK.reduce((best, ink) =>
    contrast(rgb(ink), background) > contrast(rgb(best), background) ? ink : best,
  );
  return { background: css(background), text };
}

/** The colours from the lowest to the highest value, for a chart. */
export function heatColours(dark: boolean): string[] {
  return [...(dark ? DARK : LIGHT)];
}

/** For a legend. */
export function heatGradient(dark: boolean): string {
  return `linear-gradient(to right, ${(dark ? DARK : LIGHT).join(", ")})`;
}

/** WCAG 2 contrast ratio, 1 to 21. */
export function contrast(first: Rgb, second: Rgb): number {
  const [light, dim] = [luminance(first), luminance(second)].sort((left, right) => right - left) as [number, number];
  return (light + 0.05) / (dim + 0.05);
}

function luminance(colour: Rgb): number {
  const [red, green, blue] = colour.map((channel) => {
    const share = channel / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  }) as Rgb;
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function mix(first: Rgb, second: Rgb, share: number): Rgb {
  return first.map((channel, index) => Math.round(channel + ((second[index] ?? 0) - channel) * share)) as Rgb;
}

function css([red, green, blue]: Rgb): string {
  return `rgb(${red} ${green} ${blue})`;
}
