/** How far apart colours look, to people with a colour-vision deficiency too. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ERROR_COLOURS, SITE_COLOURS, SITE_COLOURS_BY_NIGHT, STRUCTURE_COLOURS } from "./palette";

const DESIGN = readFileSync(join(import.meta.dirname, "..", "..", "DESIGN.md"), "utf8");

type Triple = readonly [number, number, number];
type Matrix = readonly [Triple, Triple, Triple];

/**
 * Machado, Oliveira and Fernandes, "A Physiologically-based Model for Simulation of Color Vision Deficiency", IEEE TVCG
 * 15(6), 2009: the published matrices at severity 1.0, on linear RGB.
 */
const DEFICIENCIES = {
  protanopia: [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  deuteranopia: [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
  tritanopia: [
    [1.255528, -0.076749, -0.178779],
    [-0.078411, 0.930809, 0.147602],
    [0.004733, 0.691367, 0.3039],
  ],
} as const satisfies Record<string, Matrix>;

type Vision = keyof typeof DEFICIENCIES | "usual";
const VISIONS: readonly Vision[] = ["usual", "protanopia", "deuteranopia", "tritanopia"];

/** Ottosson, "A perceptual color space for image processing", 2020. */
const TO_CONES: Matrix = [
  [0.4122214708, 0.5363325363, 0.0514459929],
  [0.2119034982, 0.6806995451, 0.1073969566],
  [0.0883024619, 0.2817188376, 0.6299787005],
];
const TO_OKLAB: Matrix = [
  [0.2104542553, 0.793617785, -0.0040720468],
  [1.9779984951, -2.428592205, 0.4505937099],
  [0.0259040371, 0.7827717662, -0.808675766],
];

/** Euclidean distance in OKLab, 0 to 1; about 0.02 is the least that is seen side by side. */
function colourDistance(first: string, second: string, vision: Vision): number {
  const [left, right] = [oklab(first, vision), oklab(second, vision)];
  return Math.hypot(...left.map((value, index) => value - (right[index] ?? 0)));
}

/** Of the pair of colours that are most alike. */
function leastDistance(colours: readonly string[], vision: Vision): number {
  const pairs = colours.flatMap((first, index) => colours.slice(index + 1).map((second) => [first, second] as const));
  return Math.min(...pairs.map(([first, second]) => colourDistance(first, second, vision)));
}

function oklab(hex: string, vision: Vision): Triple {
  const colour = [1, 3, 5].map((at) => linear(Number.parseInt(hex.slice(at, at + 2), 16) / 255)) as unknown as Triple;
  const seen = vision === "usual" ? colour : times(DEFICIENCIES[vision], colour).map(inGamut);
  return times(TO_OKLAB, times(TO_CONES, seen as unknown as Triple).map(Math.cbrt) as unknown as Triple);
}

function times(matrix: Matrix, vector: Triple): Triple {
  return matrix.map((row) => row[0] * vector[0] + row[1] * vector[1] + row[2] * vector[2]) as unknown as Triple;
}

function linear(share: number): number {
  return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
}

function inGamut(share: number): number {
  return Math.min(1, Math.max(0, share));
}

/** A row of a table of DESIGN.md, as text. */
function documented(first: string): string[] {
  const row = DESIGN.split("\n").find((line) => line.startsWith(`| ${first} |`));
  return (row ?? "")
    .split("|")
    .slice(2, -1)
    .map((cell) => cell.trim());
}

describe("colours stay apart, also for people who see fewer of them", () => {
  it.each([
    ["8 sites by day", SITE_COLOURS, 0.1],
    ["8 sites by night", SITE_COLOURS_BY_NIGHT, 0.1],
    ["4 sites by day", SITE_COLOURS.slice(0, 4), 0.1],
    ["4 sites by night", SITE_COLOURS_BY_NIGHT.slice(0, 4), 0.1],
    ["3 structures", STRUCTURE_COLOURS.slice(0, 3), 0.08],
    ["3 parts of the error map", Object.values(ERROR_COLOURS), 0.14],
  ])("%s", (name, colours, least) => {
    const distances = VISIONS.map((vision) => leastDistance(colours, vision));
    expect(Math.min(...distances)).toBeGreaterThanOrEqual(least);
    expect(documented(name)).toEqual(distances.map((distance) => distance.toFixed(3)));
  });

  it("measures as published: red and green draw near without green cones, black and white do not", () => {
    expect(colourDistance("#000000", "#ffffff", "usual")).toBeCloseTo(1, 3);
    const [usual, without] = (["usual", "deuteranopia"] as const).map((vision) =>
      colourDistance("#c00000", "#606000", vision),
    ) as [number, number];
    expect(without).toBeLessThan(usual / 2);
  });
});
