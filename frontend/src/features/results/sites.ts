import type { FederationRecord } from "@/api";

/** With more sites than this, a matrix takes the whole width, and names stand upright above it. */
export const MANY_SITES = 9;

export interface SiteLook {
  name: string;
  position: number;
}

/** A site that the federation no longer lists goes by its slug. */
export function siteLook(slug: string, federation: FederationRecord): SiteLook {
  const site = federation.sites.find((entry) => entry.slug === slug);
  return { name: site?.name ?? slug, position: site?.position ?? 0 };
}
