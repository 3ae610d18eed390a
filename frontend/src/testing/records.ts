/** What a backend answers, whole: a test changes what it is about. */

import type { FederationRecord, SessionRecord, SiteRecord, StorageRecord, TokenRecord, UserRecord } from "@/api";
import { permissions } from "@/api/tables.json";

const NOW = "2026-01-02T10:00:00Z";

export function signedInAs(who: "administrator" | "reader"): SessionRecord {
  const all = Object.keys(permissions) as SessionRecord["permissions"];
  const own: SessionRecord["permissions"] = ["own_account"];
  return {
    user: who,
    user_id: who === "administrator" ? null : "u-reader",
    way: who === "administrator" ? "admin_token" : "session",
    scope: "all",
    is_administrator: who === "administrator",
    lacks_second_factor: false,
    last_event_id: 0,
    permissions: who === "administrator" ? all : own,
    federations:
      who === "administrator"
        ? []
        : [{ federation_id: "f1", roles: ["reader"], site_ids: [], permissions: ["read"], own_site_permissions: [] }],
  };
}

export function user(changes: Partial<UserRecord>): UserRecord {
  return {
    id: "u1",
    name: "mira",
    created_at: NOW,
    created_by: "admin",
    has_second_factor: false,
    is_administrator: false,
    administrator_by_group: null,
    last_seen_at: null,
    memberships: [],
    num_tokens: 0,
    ...changes,
  };
}

export function token(changes: Partial<TokenRecord>): TokenRecord {
  return {
    id: "t1",
    name: "nightly",
    hint: "ab12",
    scope: "read",
    created_at: NOW,
    expires_at: "2099-01-02T10:00:00Z",
    last_used_at: null,
    ...changes,
  };
}

export function site(changes: Partial<SiteRecord>): SiteRecord {
  return {
    id: "s1",
    federation_id: "f1",
    name: "Aster clinic",
    slug: "aster",
    kind: "simulated",
    position: 0,
    queue: "simulated",
    description: "",
    contact: "",
    archived_at: null,
    gpus: "none",
    hardware: null,
    last_seen_at: null,
    link: null,
    num_cases: {},
    policy: {},
    state: "offline",
    tasks: [],
    unserved: null,
    ...changes,
  };
}

export function federation(changes: Partial<FederationRecord>): FederationRecord {
  return {
    id: "f1",
    name: "Eyes",
    description: "",
    created_at: NOW,
    archived_at: null,
    num_experiments: 0,
    num_running: 0,
    sites: [],
    task: {
      modality: "fundus photography",
      dimensions: 2,
      num_channels: 3,
      structures: [{ name: "disc", label_values: [1] }],
    },
    ...changes,
  };
}

export function storage(changes: Partial<StorageRecord>): StorageRecord {
  return {
    by_kind: {},
    damaged: [],
    datasets: [],
    experiments: [],
    disks: [{ folder: "/srv/fedsm", num_free: 20e9, num_total: 100e9, is_full: false, is_low: false, warning: null }],
    num_bytes: 0,
    num_files: 0,
    swept_at: null,
    looked_at: "2026-01-02T10:00:00Z",
    next_after: null,
    unowned_bytes: 0,
    ...changes,
  };
}
