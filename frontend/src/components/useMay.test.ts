import { describe, expect, it } from "vitest";
import type { SessionRecord } from "@/api";
import { may, maySomewhere } from "./useMay";

const manager: SessionRecord = {
  user: "jo",
  user_id: "u",
  way: "session",
  scope: "all",
  is_administrator: false,
  lacks_second_factor: false,
  last_event_id: 0,
  permissions: ["own_account"],
  federations: [
    {
      federation_id: "f",
      roles: ["site_manager"],
      permissions: ["read", "read_cases", "follow"],
      own_site_permissions: ["manage_data", "read_data", "manage_sites"],
      site_ids: ["a"],
    },
  ],
};

describe("may", () => {
  it("is no before somebody is signed in", () => expect(may(undefined, "read")).toBe(false));
  it("asks in the federation", () => {
    expect(may(manager, "read", { federationId: "f" })).toBe(true);
    expect(may(manager, "read", { federationId: "g" })).toBe(false);
    expect(may(manager, "run_experiments", { federationId: "f" })).toBe(false);
  });
  it("asks at the site, where only that one counts", () => {
    expect(may(manager, "manage_data", { federationId: "f", siteId: "a" })).toBe(true);
    expect(may(manager, "manage_data", { federationId: "f", siteId: "b" })).toBe(false);
    expect(may(manager, "manage_data", { federationId: "f" })).toBe(false);
  });
  it("holds everywhere for an administrator", () => {
    const admin: SessionRecord = { ...manager, is_administrator: true, permissions: ["operate"], federations: [] };
    expect(may(admin, "operate", { federationId: "any" })).toBe(true);
  });
  it("says whether it is held somewhere", () => {
    expect(maySomewhere(manager, "manage_data", "f")).toBe(true);
    expect(maySomewhere(manager, "manage_data", "g")).toBe(false);
    expect(maySomewhere(manager, "follow")).toBe(true);
    expect(maySomewhere(manager, "operate")).toBe(false);
  });
});
