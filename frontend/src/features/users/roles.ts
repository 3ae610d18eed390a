import type { FederationRecord, MemberRecord, SessionRecord } from "@/api";
import { roles } from "@/api/tables.json";
import { may } from "@/components/useMay";

export type RoleName = MemberRecord["role"];

/** What can be given in one federation. */
export const ROLES = (Object.keys(roles) as RoleName[]).filter((role) => role !== "administrator");

export const ROLE_CHOICES = ROLES.map((role) => ({
  value: role,
  label: `${roles[role].label}: ${roles[role].meaning}`,
}));

/** Whose members the caller may change. */
export function managed(federations: readonly FederationRecord[], session: SessionRecord | undefined) {
  return federations.filter(({ id }) => may(session, "manage_members", { federationId: id }));
}

/** "site manager of Aster, Birch" */
export function roleWords(member: MemberRecord, federation: FederationRecord | undefined): string {
  const names = member.site_ids.map((id) => federation?.sites.find((site) => site.id === id)?.name ?? id);
  const { label } = roles[member.role];
  return names.length > 0 ? `${label} of ${names.join(", ")}` : label;
}
