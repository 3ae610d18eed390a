import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { contrast } from "./heat";
import {
  ERROR_COLOURS,
  painted,
  rgb,
  SITE_COLOURS,
  SITE_COLOURS_BY_NIGHT,
  STRUCTURE_COLOURS,
  STRUCTURE_OUTLINE,
  siteColour,
  siteVariables,
} from "./palette";

const DESIGN = readFileSync(join(import.meta.dirname, "..", "..", "DESIGN.md"), "utf8");
/** The page and the cards on it. */
const BY_DAY = ["#ffffff"];
const BY_NIGHT = ["#242424", "#2e2e2e"];
const BLACK = "#000000";

const leastContrast = (colours: readonly string[], surfaces: readonly string[]) =>
  Math.min(...colours.flatMap((colour) => surfaces.map((surface) => contrast(rgb(colour), rgb(surface)))));

/** A row of a table of DESIGN.md, as text. */
function documented(first: string): string[] {
  const row = DESIGN.split("\n").find((line) => line.startsWith(`| ${first} |`));
  return (row ?? "")
    .split("|")
    .slice(2, -1)
    .map((cell) => cell.trim());
}

describe("a graphical object has 3 to 1 or more against what it lies on (WCAG 1.4.11)", () => {
  it.each([
    ["sites by day", SITE_COLOURS, BY_DAY],
    ["sites by night", SITE_COLOURS_BY_NIGHT, BY_NIGHT],
    ["structures on the black of the viewer", STRUCTURE_COLOURS, [BLACK]],
    ["structures by night", STRUCTURE_COLOURS, BY_NIGHT],
    ["the outline of structures' bars", [STRUCTURE_OUTLINE], [...BY_DAY, ...BY_NIGHT]],
    ["the error map on black", Object.values(ERROR_COLOURS), [BLACK]],
  ])("%s", (name, colours, surfaces) => {
    const least = leastContrast(colours, surfaces);
    expect(least).toBeGreaterThanOrEqual(3);
    expect(documented(name)).toEqual([least.toFixed(2)]);
  });
});

describe("painted", () => {
  it("gives a canvas the colours that the page has as variables", () => {
    const format = () => "";
    const data = [[1, 2]];
    const option = { series: [{ color: siteColour(9), data, label: { formatter: format } }], name: "var(--other)" };
    expect(painted(option, false)).toEqual({
      series: [{ color: SITE_COLOURS[1], data, label: { formatter: format } }],
      name: "var(--other)",
    });
    expect(painted(siteColour(0), true)).toBe(SITE_COLOURS_BY_NIGHT[0]);
    expect(siteVariables(true)["--fedsm-site-7"]).toBe(SITE_COLOURS_BY_NIGHT[7]);
  });
});
