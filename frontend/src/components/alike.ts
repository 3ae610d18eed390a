/** Pairs of cases that are possibly one patient's, in words. */

import type { AlikeRecord, AlikeReport } from "@/api";
import { formatDateTime } from "@/lib/format";

/** What confirming a pair will do. */
export function scopeText(scope: AlikeRecord["scope"]): string {
  if (scope === "sites") {
    return "They are of two sites, whose splits nothing can join. Confirmed, the pair is named as leakage.";
  }
  const where = scope === "site" ? "in both data sets" : "in the data set";
  return `Confirmed, both get one patient and one split ${where}. Runs that were started keep theirs.`;
}

/** "Of one patient, as ada decided on 3 May 2026, 14:05." */
export function decisionText(pair: Pick<AlikeRecord, "decision" | "decided_by" | "decided_at">): string {
  const words = pair.decision === "same_patient" ? "Of one patient" : "Of different patients";
  return `${words}, as ${pair.decided_by ?? "somebody"} decided${pair.decided_at ? ` on ${formatDateTime(pair.decided_at)}` : ""}.`;
}

/** "2 pairs are far more alike than others of their data set; 1 is undecided." */
export function alikeSentence(report: Pick<AlikeReport, "num_pairs" | "num_undecided">): string {
  const pairs =
    report.num_pairs === 1
      ? "1 pair is far more alike than others of its data set"
      : `${report.num_pairs} pairs are far more alike than others of their data set`;
  if (report.num_undecided === 0) return `${pairs}; all are decided.`;
  return `${pairs}; ${report.num_undecided} ${report.num_undecided === 1 ? "is" : "are"} undecided. Look at both pictures: likeness is a guess.`;
}
