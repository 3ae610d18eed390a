import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type CssVariables, DEFAULT_THEME, defaultCssVariablesResolver, mergeMantineTheme } from "@mantine/core";
import { describe, expect, it } from "vitest";
import { contrast } from "@/lib/heat";
import { rgb } from "@/lib/palette";
import { cssVariables, theme } from "./theme";

const DESIGN = readFileSync(join(import.meta.dirname, "..", "..", "DESIGN.md"), "utf8");
const merged = mergeMantineTheme(DEFAULT_THEME, theme);
const [usual, ours] = [defaultCssVariablesResolver(merged), cssVariables(merged)];
const COLOURS = ["petrol", "teal", "green", "blue", "violet", "gray", "yellow", "orange", "red"] as const;
const NAMES: Readonly<Record<string, string>> = { black: "#000000", white: "#ffffff" };

/** The colour that the page gets, as `#rrggbb`. */
function colourOf(name: string, scheme: "light" | "dark"): string {
  const variables: CssVariables = { ...usual.variables, ...usual[scheme], ...ours.variables, ...ours[scheme] };
  const value = (variables as Record<string, string>)[name.startsWith("--") ? name : `--mantine-${name}`] ?? "";
  const inner = value.match(/^var\(--mantine-(.*)\)$/)?.[1];
  if (inner) return colourOf(inner, scheme);
  const channels = value.match(/^rgba?\((\d+), (\d+), (\d+)(?:, 1)?\)$/)?.slice(1);
  if (channels) return `#${channels.map((channel) => Number(channel).toString(16).padStart(2, "0")).join("")}`;
  const hex = /^#(.)(.)(.)$/.test(value) ? value.replace(/[^#]/g, "$&$&") : (NAMES[value] ?? value);
  if (!/^#[0-9a-f]{6}$/i.test(hex)) throw new Error(`--mantine-${name} is ${value}, no colour`);
  return hex;
}

const SURFACES = { light: ["color-body"], dark: ["color-body", "color-dark-6"] } as const;

describe.each(["light", "dark"] as const)("text has 4.5 to 1 or more (WCAG 1.4.3), %s", (scheme) => {
  it.each(["color-text", "color-dimmed", "color-error", "color-placeholder"])("%s on page and card", (name) => {
    const least = Math.min(
      ...SURFACES[scheme].map((surface) => contrast(rgb(colourOf(name, scheme)), rgb(colourOf(surface, scheme)))),
    );
    expect(least).toBeGreaterThanOrEqual(4.5);
    const row = DESIGN.split("\n").find((line) => line.startsWith(`| \`--mantine-${name}\` |`)) ?? "";
    expect(row.split("|")[scheme === "light" ? 2 : 3]?.trim()).toBe(`${colourOf(name, scheme)}, ${least.toFixed(2)}`);
  });

  it.each(COLOURS)("on the light fill of %s", (colour) => {
    const text = rgb(colourOf(`color-${colour}-light-color`, scheme));
    expect(contrast(text, rgb(colourOf(`color-${colour}-light`, scheme)))).toBeGreaterThanOrEqual(4.5);
  });

  it("on a button of the first colour", () => {
    const text = rgb(colourOf("primary-color-contrast", scheme));
    expect(contrast(text, rgb(colourOf("color-petrol-filled", scheme)))).toBeGreaterThanOrEqual(4.5);
  });

  it("and the focus ring 3 to 1", () => {
    for (const surface of SURFACES[scheme]) {
      const ring = rgb(colourOf("--fedsm-focus", scheme));
      expect(contrast(ring, rgb(colourOf(surface, scheme)))).toBeGreaterThanOrEqual(3);
    }
  });
});
