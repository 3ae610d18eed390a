/** Charts that set sites side by side. */

import type { SiteStatistics } from "@/api";
import type { ChartOption } from "@/components/echarts";
import { heatColours } from "@/lib/heat";
import { STRUCTURE_OUTLINE, siteColour, siteLineType, structureColour } from "@/lib/palette";

export type PlacedSite = SiteStatistics & { position: number };

const LABEL_WIDTH = 150;

/** The middles of equal bins from 0 to 1. */
export function binMiddles(count: number): string[] {
  return Array.from({ length: count }, (_, index) => ((index + 0.5) / count).toFixed(2));
}

function percent(share: number): number {
  return Number((100 * share).toFixed(2));
}

export function greyLines(sites: readonly PlacedSite[]): ChartOption {
  return {
    grid: { left: 52, right: 16, top: 12, bottom: 46 },
    tooltip: { trigger: "axis", valueFormatter: (value) => `${value} %` },
    xAxis: {
      type: "category",
      name: "Grey value",
      nameLocation: "middle",
      nameGap: 28,
      data: binMiddles(sites[0]?.intensity_histogram.length ?? 0),
    },
    yAxis: { type: "value", name: "Pixels (%)", nameLocation: "middle", nameGap: 36 },
    series: sites.map((site) => ({
      type: "line",
      name: site.site_name,
      data: site.intensity_histogram.map(percent),
      showSymbol: false,
      color: siteColour(site.position),
      lineStyle: { width: 2, type: siteLineType(site.position) },
    })),
  };
}

/** A row a site, the first on top; shares above 20 % have one colour, for a black border would drown all others. */
export function greyHeat(sites: readonly PlacedSite[], dark: boolean): ChartOption {
  const cells = sites.flatMap((site, row) =>
    site.intensity_histogram.map((share, bin): [number, number, number] => [bin, row, percent(share)]),
  );
  const highest = Math.max(...cells.map(([, , share]) => share));
  return {
    grid: { left: LABEL_WIDTH + 12, right: 16, top: 28, bottom: 84 },
    tooltip: { trigger: "item" },
    xAxis: {
      type: "category",
      name: "Grey value",
      nameLocation: "middle",
      nameGap: 28,
      data: binMiddles(sites[0]?.intensity_histogram.length ?? 0),
    },
    yAxis: {
      type: "category",
      name: "Site",
      nameLocation: "start",
      inverse: true,
      data: sites.map((site) => site.site_name),
      axisLabel: { width: LABEL_WIDTH, overflow: "truncate", interval: 0 },
    },
    visualMap: {
      min: 0,
      max: Math.min(highest, 20),
      calculable: false,
      orient: "horizontal",
      left: "center",
      bottom: 4,
      text: ["more pixels (%)", "fewer"],
      inRange: { color: heatColours(dark) },
    },
    series: [{ type: "heatmap", name: "Pixels (%)", data: cells }],
  };
}

/** Bars lie, so that names of any length and number can be read. */
export function structureBars(
  sites: readonly PlacedSite[],
  structures: readonly string[],
  dimensions: number,
): ChartOption {
  const volumes = dimensions === 3;
  const mean = (site: PlacedSite, name: string): number | null => {
    const found = site.structures.find((entry) => entry.structure === name);
    if (volumes) return found?.size ? Number(found.size.mean.toFixed(2)) : null;
    return found?.share ? percent(found.share.mean) : null;
  };
  return {
    grid: { left: LABEL_WIDTH + 12, right: 24, top: 28, bottom: 46 },
    tooltip: { trigger: "axis" },
    xAxis: {
      type: "value",
      name: volumes ? "Mean volume (ml)" : "Mean share of the image (%)",
      nameLocation: "middle",
      nameGap: 28,
    },
    yAxis: {
      type: "category",
      name: "Site",
      nameLocation: "start",
      inverse: true,
      data: sites.map((site) => site.site_name),
      axisLabel: { width: LABEL_WIDTH, overflow: "truncate", interval: 0 },
    },
    series: structures.map((name, index) => ({
      type: "bar",
      name,
      data: sites.map((site) => mean(site, name) ?? "-"),
      itemStyle: { color: structureColour(index), borderColor: STRUCTURE_OUTLINE, borderWidth: 1 },
      barMaxWidth: 18,
    })),
  };
}
