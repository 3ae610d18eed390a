/** Which federations the list shows. */

import type { FederationRecord } from "@/api";
import type { FederationsSearch } from "./search";

/** Those whose name, description, modality, structures or sites hold every word; archived ones where asked for. */
export function findFederations(all: readonly FederationRecord[], search: FederationsSearch): FederationRecord[] {
  const words = (search.find ?? "").toLowerCase().split(/\s+/).filter(Boolean);
  return all
    .filter((federation) => search.archived || federation.archived_at === null)
    .filter((federation) => {
      const text = searchable(federation);
      return words.every((word) => text.includes(word));
    });
}

function searchable({ name, description, task, sites }: FederationRecord): string {
  const structures = task.structures.map((structure) => structure.name);
  return [
    name,
    description,
    task.modality,
    `${task.dimensions ?? 2}d`,
    ...structures,
    ...sites.map((site) => site.name),
  ]
    .join("\n")
    .toLowerCase();
}
