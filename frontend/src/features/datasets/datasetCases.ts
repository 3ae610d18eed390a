/** The cases of a data set as its page shows them. */

import type { CaseRecord, DatasetRecord } from "@/api";
import { plural } from "@/lib/format";
import type { DatasetSearch } from "./search";

/** Used cases of the chosen split, where asked repaired ones alone, whose name holds the text. */
export function usedCases(all: readonly CaseRecord[], search: DatasetSearch): CaseRecord[] {
  return all.filter(
    (row) =>
      row.used &&
      (!search.split || row.split === search.split) &&
      (!search.repaired || row.repairs.length > 0) &&
      holds(row, search.find),
  );
}

/** Skipped cases of the chosen reason whose name or reason holds the text. */
export function skippedCases(all: readonly CaseRecord[], search: DatasetSearch): CaseRecord[] {
  return all.filter(
    (row) => !row.used && (!search.reason || row.reason_code === search.reason) && holds(row, search.find),
  );
}

/** A used case in which no structure is there, as its data set says. */
export function hasNothingThere(row: Pick<CaseRecord, "used" | "structure_shares">): boolean {
  return row.used && Object.values(row.structure_shares).every((share) => share === 0);
}

function holds(row: CaseRecord, wanted: string | undefined): boolean {
  const text = `${row.name}\n${row.reason ?? ""}\n${row.patient ?? ""}`.toLowerCase();
  return !wanted || text.includes(wanted.toLowerCase());
}

/** The reasons with how many cases they skip, the most common first. */
export function reasonCounts(dataset: Pick<DatasetRecord, "skipped_by_reason">): [string, number][] {
  return Object.entries(dataset.skipped_by_reason).sort(([, left], [, right]) => right - left);
}

/** "12 patients", "1 known patient of 2 cases; the patients of 8 are not known". */
export function patientsText(
  dataset: Pick<DatasetRecord, "num_patients" | "num_without_patient" | "num_used">,
): string {
  const { num_patients: known, num_without_patient: without, num_used: used } = dataset;
  if (known === null) return "Patients not known";
  if (without === 0) return plural(known, "patient");
  const others = without === 1 ? "the patient of 1 is not known" : `the patients of ${without} are not known`;
  return `${plural(known, "known patient")} of ${plural(used - without, "case")}; ${others}`;
}

/** The case before or after one of a list; undefined at its ends. */
export function neighbour(rows: readonly CaseRecord[], name: string, step: 1 | -1): CaseRecord | undefined {
  const index = rows.findIndex((row) => row.name === name);
  return index < 0 ? undefined : rows[index + step];
}

export function casesCsvUrl(datasetId: string, used: boolean, reason?: string): string {
  const query = new URLSearchParams({ used: String(used), ...(reason ? { reason } : {}) });
  return `/api/v1/datasets/${datasetId}/cases.csv?${query}`;
}

/** `96 × 96 px`, `24 × 96 × 96 px`. */
export function sizeText(row: Pick<CaseRecord, "width" | "height" | "depth">): string {
  const known = [row.depth, row.height, row.width].filter((size) => size !== null);
  return known.length > 0 ? `${known.join(" × ")} px` : "size not known";
}

/** Folders that were registered in the federation, and those that hold them, the latest first. */
export function recentFolders(datasets: readonly Pick<DatasetRecord, "folder" | "created_at">[]): string[] {
  const latest = [...datasets].sort((left, right) => right.created_at.localeCompare(left.created_at));
  const parents = latest.map(({ folder }) => folder.replace(/[/\\][^/\\]+$/, "")).filter((folder) => folder.length > 1);
  return [...new Set([...latest.map(({ folder }) => folder), ...parents])].slice(0, 8);
}
