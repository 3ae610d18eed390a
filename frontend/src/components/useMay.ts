import { useQuery } from "@tanstack/react-query";
import { experimentQuery, type SessionRecord, sessionQuery } from "@/api";
import type { permissions } from "@/api/tables.json";

export type Permission = keyof typeof permissions;

interface Place {
  federationId?: string;
  /** Of the thing that is asked about, where it is one site's. */
  siteId?: string;
}

/** Whether the caller holds the permission there; without a federation: everywhere. The backend asks again. */
export function may(session: SessionRecord | undefined, permission: Permission, place: Place = {}): boolean {
  if (!session) return false;
  if (session.permissions.includes(permission)) return true;
  const access = session.federations.find((entry) => entry.federation_id === place.federationId);
  if (!access) return false;
  if (access.permissions.includes(permission)) return true;
  return (
    access.own_site_permissions.includes(permission) &&
    place.siteId !== undefined &&
    access.site_ids.includes(place.siteId)
  );
}

/** In one federation, or at one site, at least. */
export function maySomewhere(session: SessionRecord | undefined, permission: Permission, federationId?: string) {
  if (may(session, permission)) return true;
  return (session?.federations ?? []).some(
    (entry) =>
      (federationId === undefined || entry.federation_id === federationId) &&
      (entry.permissions.includes(permission) || entry.own_site_permissions.includes(permission)),
  );
}

export function useMay(permission: Permission, federationId?: string, siteId?: string): boolean {
  const { data } = useQuery({ ...sessionQuery, enabled: false });
  return may(data, permission, { federationId, siteId });
}

/** In one federation, or at one site of it, at least; without a federation: in any. */
export function useMaySomewhere(permission: Permission, federationId?: string): boolean {
  const { data } = useQuery({ ...sessionQuery, enabled: false });
  return maySomewhere(data, permission, federationId);
}

/** For what knows its experiment only. */
export function useMayInExperiment(permission: Permission, experimentId: string): boolean {
  const { data: session } = useQuery({ ...sessionQuery, enabled: false });
  const experiment = useQuery(experimentQuery(experimentId));
  return may(session, permission, { federationId: experiment.data?.federation_id });
}
