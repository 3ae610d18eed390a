/** The way back up: federations, one federation, one experiment. */

import type { LinkProps } from "@tanstack/react-router";

export const FEDERATION_TABS = ["sites", "datasets", "statistics", "experiments", "models"] as const;
export type FederationTab = (typeof FEDERATION_TABS)[number];

export interface Crumb {
  label: string;
  link: LinkProps;
}

interface Named {
  id: string;
  name: string;
}

export const ALL_FEDERATIONS: Crumb = { label: "Federations", link: { to: "/" } };

export function federationCrumb(federation: Named, tab?: FederationTab): Crumb {
  const link: LinkProps = {
    to: "/federations/$federationId",
    params: { federationId: federation.id },
    search: { tab },
  };
  return { label: federation.name, link };
}

export function experimentCrumb(experiment: Named): Crumb {
  const link: LinkProps = { to: "/experiments/$experimentId", params: { experimentId: experiment.id }, search: {} };
  return { label: experiment.name, link };
}
