import type { FederationRecord } from "@/api";

const SPECIAL: Record<string, string> = { pooled: "All data pooled", coordinator: "Coordinator" };

/** The site's name; or what stands for all sites, or for none. */
export function participantName(participant: string, federation: FederationRecord): string {
  return federation.sites.find((site) => site.slug === participant)?.name ?? SPECIAL[participant] ?? participant;
}

/** The colour order; what is no site comes after all sites. */
export function participantPosition(participant: string, federation: FederationRecord): number {
  return federation.sites.find((site) => site.slug === participant)?.position ?? federation.sites.length;
}
