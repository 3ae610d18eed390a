/** Federated statistics as people read them. */

import type { SiteDistance, StatedCount } from "@/api";

/** `12`, or `<10` where a smaller number may not be told. */
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
