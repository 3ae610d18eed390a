/** Repairs of masks: what each does, which were used, and which would help. */

import type { DatasetRecord, Reading } from "@/api";
import { plural } from "@/lib/format";

export type Repair = NonNullable<Reading["repairs"]>[number];
export type Remedy = keyof DatasetRecord["num_remediable"];

interface Words {
  value: Repair;
  label: string;
  /** What it does, and where it does nothing. */
  description: string;
  /** Reads values in place of labels, so it cannot tell two structures apart. */
  ofOneStructure: boolean;
}

/** In the order in which they are applied. */
export const REPAIRS: readonly Words[] = [
  {
    value: "resize_masks",
    label: "Resize masks to their images",
    description: "By nearest neighbours, without new values, and only where both have the same aspect ratio.",
    ofOneStructure: false,
  },
  {
    value: "turn_masks",
    label: "Turn masks as their images",
    description: "An image's EXIF orientation is applied to its mask, too, where the mask has none of its own.",
    ofOneStructure: false,
  },
  {
    value: "cut_at_half",
    label: "Cut grey and JPEG masks at half",
    description: "Half of the range and more is the structure, less is background.",
    ofOneStructure: true,
  },
  {
    value: "largest_value",
    label: "The largest value is the structure",
    description: "The largest that any mask of the data set holds; all other values are background.",
    ofOneStructure: true,
  },
];

const SHORT: Record<Remedy, string> = {
  resize_masks: "mask resized",
  turn_masks: "mask turned",
  cut_at_half: "mask cut at half",
  largest_value: "largest value taken",
  empty_means_nothing_there: "empty means nothing there",
};

/** "mask resized": of one case. */
export function repairText(repair: string): string {
  return SHORT[repair as Remedy] ?? repair.replaceAll("_", " ");
}

/** "mask resized (41), mask cut at half (38)", the most common first; empty where there is none. */
export function countsText(counts: Readonly<Partial<Record<Remedy, number>>>): string {
  return Object.entries(counts)
    .sort(([, left], [, right]) => (right ?? 0) - (left ?? 0))
    .map(([repair, count]) => `${repairText(repair)} (${count})`)
    .join(", ");
}

/** What the choice becomes: of those that read values one at most, and in the order in which they are applied. */
export function chosenRepairs(before: readonly Repair[], next: readonly string[]): Repair[] {
  const added = next.find((repair) => !before.includes(repair as Repair));
  const rival = { cut_at_half: "largest_value", largest_value: "cut_at_half" }[added ?? ""];
  return REPAIRS.map(({ value }) => value).filter((repair) => next.includes(repair) && repair !== rival);
}

/** What to check again with, so that the skipped cases with a remedy become usable. */
export function withRemedies(dataset: Pick<DatasetRecord, "reading" | "num_remediable">): {
  repairs: Repair[];
  empty_means_nothing_there: boolean;
} {
  const remedies = Object.keys(dataset.num_remediable);
  const current = dataset.reading.repairs ?? [];
  const wanted = REPAIRS.map(({ value }) => value).filter((repair) => remedies.includes(repair));
  let all: Repair[] = [...current];
  for (const repair of wanted) all = chosenRepairs(all, [...all, repair]);
  return {
    repairs: all,
    empty_means_nothing_there:
      dataset.reading.empty_means_nothing_there === true || remedies.includes("empty_means_nothing_there"),
  };
}

/** "12 of the skipped cases would be usable: mask resized (12)." Empty where none would be. */
export function remedySentence(dataset: Pick<DatasetRecord, "num_remediable" | "num_with_remedy">): string {
  if (dataset.num_with_remedy === 0) return "";
  const would = dataset.num_with_remedy === 1 ? "1 skipped case" : plural(dataset.num_with_remedy, "skipped case");
  return `${would} would be usable: ${countsText(dataset.num_remediable)}.`;
}
