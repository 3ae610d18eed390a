import { expect, it } from "vitest";
import { binMiddles, greyHeat, greyLines, type PlacedSite, structureBars } from "./chartOptions";

const site = (name: string, position: number, mean: number | null) =>
  ({
    site_name: name,
    position,
    intensity_histogram: [0.75, 0.25],
    structures: [
      {
        structure: "disc",
        size: mean === null ? null : { mean, std: 0 },
        share: mean === null ? null : { mean: mean / 100, std: 0 },
      },
    ],
  }) as unknown as PlacedSite;
const SITES = [site("A", 0, 12), site("B", 8, null)];

it("takes the middles of bins", () => {
  expect(binMiddles(2)).toEqual(["0.25", "0.75"]);
});

it("draws a line a site, dashed where its colour comes again", () => {
  const series = greyLines(SITES).series as { name: string; data: number[]; lineStyle: { type: string } }[];
  expect(series.map(({ name, data, lineStyle }) => [name, data, lineStyle.type])).toEqual([
    ["A", [75, 25], "solid"],
    ["B", [75, 25], "dashed"],
  ]);
});

it("draws a row a site in the heat map", () => {
  const [series] = greyHeat(SITES, false).series as { data: number[][] }[];
  expect(series?.data).toEqual([
    [0, 0, 75],
    [1, 0, 25],
    [0, 1, 75],
    [1, 1, 25],
  ]);
});

it("draws volumes in ml and pictures in percent; what is withheld has no bar", () => {
  const bars = (dimensions: number) => (structureBars(SITES, ["disc"], dimensions).series as { data: unknown[] }[])[0];
  expect(bars(3)?.data).toEqual([12, "-"]);
  expect(bars(2)?.data).toEqual([12, "-"]);
});
