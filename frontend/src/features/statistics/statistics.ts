/** Federated statistics as people read them. */

import type { LeakageReport, SiteDistance, SiteStatistics, Spread, StatedCount, StructureStatistics } from "@/api";
import { plural } from "@/lib/format";

export const WITHHELD = "withheld";
/** Maximum number of sites with a line each in one chart; more become a heat map. */
export const MAX_LINES = 8;

/** `12`, or `<10` where a smaller number is withheld. */
export function statedCount(stated: StatedCount | undefined): string {
  if (!stated) return "0";
  return stated.count !== null ? String(stated.count) : `<${stated.below}`;
}

export const PARTS = [
  { key: "overall", label: "All together" },
  { key: "intensity", label: "Grey values" },
  { key: "spacing", label: "Spacing" },
  { key: "size", label: "Image size" },
  { key: "structure_size", label: "Structure size" },
  { key: "prevalence", label: "Prevalence" },
] as const;

/** `96 × 128`: the mean of each axis. */
export function axesText(spreads: readonly Spread[] | null, digits: number): string {
  if (!spreads || spreads.length === 0) return WITHHELD;
  return spreads.map(({ mean }) => mean.toFixed(digits)).join(" × ");
}

export function spreadText(value: Spread | null, digits: number): string {
  return value === null ? "in no case" : `${value.mean.toFixed(digits)} ± ${value.std.toFixed(digits)}`;
}

/** Why a structure's numbers are withheld; null when they are shown. */
export function withheldReason(
  found: StructureStatistics | undefined,
  site: Pick<SiteStatistics, "minimum_count" | "num_cases">,
): string | null {
  if (found && found.num_present !== null) return null;
  if (site.num_cases === 0) return `every split has fewer than ${site.minimum_count} cases`;
  return `fewer than ${site.minimum_count} have it, or lack it`;
}

/** "86 images compared within and between the sites: at least 2000 pairs, ..." */
export function leakageSentence(report: LeakageReport): string {
  const compared = `${plural(report.num_compared, "image")} compared within and between the sites: `;
  if (report.num_pairs === 0) return `${compared}none is in two places.`;
  const least = report.is_complete ? "" : "at least ";
  return (
    `${compared}${least}${plural(report.num_pairs, "pair")}, ${least}${report.num_serious} of which ` +
    "reach from training or validation into the test."
  );
}

/** The pairs that are farthest apart by a part, those not known left out. */
export function farthestPairs(distances: readonly SiteDistance[], part: Part, most: number): SiteDistance[] {
  return distances
    .filter((pair) => pair[part] !== null)
    .sort((left, right) => (right[part] ?? 0) - (left[part] ?? 0))
    .slice(0, most);
}

export type Part = (typeof PARTS)[number]["key"];

/** The distance of two sites, in either order; null where it is not known, undefined of a site and itself. */
export function distanceOf(
  distances: readonly SiteDistance[],
  one: string,
  other: string,
  part: Part,
): number | null | undefined {
  if (one === other) return undefined;
  const found = distances.find(
    (pair) => (pair.site === one && pair.other === other) || (pair.site === other && pair.other === one),
  );
  return found?.[part] ?? null;
}
