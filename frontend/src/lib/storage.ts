/** What lies on the backend's disk, in words. */

import type { RunStorage } from "@/api";
import { formatBytes, plural } from "./format";
import { roundSpans } from "./roundSpans";

type ByKind = RunStorage["by_kind"];

const KINDS: readonly [string, string][] = [
  ["states", "Models"],
  ["updates", "Updates"],
  ["images", "Images"],
  ["masks", "Masks"],
  ["uploads", "Tried images"],
  ["thumbnails", "Thumbnails"],
];

/** Kind and size of what is there, the order always the same. */
export function kindsOf(byKind: ByKind): { kind: string; label: string; bytes: number }[] {
  return KINDS.flatMap(([kind, label]) => {
    const bytes = byKind[kind];
    return bytes ? [{ kind, label, bytes }] : [];
  });
}

/** Whose models are there, and whose were let go. */
export function roundsSentence({ kept_rounds, removed_rounds }: RunStorage): string {
  if (kept_rounds.length === 0 && removed_rounds.length === 0) return "No round is finished yet.";
  const kept = kept_rounds.length === 0 ? "No round's models are kept" : `Models of ${named(kept_rounds)} are kept`;
  return removed_rounds.length === 0 ? `${kept}.` : `${kept}; those of ${named(removed_rounds)} were removed.`;
}

function named(rounds: readonly number[]): string {
  return `${rounds.length === 1 ? "round" : "rounds"} ${roundSpans(rounds)}`;
}

export function filesSentence(found: { num_files: number; num_bytes: number }): string {
  return `${formatBytes(found.num_bytes)} in ${plural(found.num_files, "file")}`;
}
