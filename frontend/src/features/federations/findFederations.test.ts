import { expect, it } from "vitest";
import type { FederationRecord } from "@/api";
import { findFederations } from "./findFederations";

const federation = (name: string, archived_at: string | null = null) =>
  ({
    name,
    description: "",
    archived_at,
    task: { modality: "fundus photography", dimensions: 2, structures: [{ name: "optic disc", label_values: [1] }] },
    sites: [{ name: "Aster clinic" }],
  }) as FederationRecord;

it("finds by every word of name, modality, structures and sites, and leaves archived ones out", () => {
  const all = [federation("Eyes"), federation("Old eyes", "2026-01-01")];
  const names = (find?: string, archived?: true) => findFederations(all, { find, archived }).map(({ name }) => name);
  expect(names()).toEqual(["Eyes"]);
  expect(names(undefined, true)).toEqual(["Eyes", "Old eyes"]);
  expect(names("ASTER disc 2d", true)).toEqual(["Eyes", "Old eyes"]);
  expect(names("prostate", true)).toEqual([]);
});
