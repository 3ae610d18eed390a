/** A hospital's decision on a run, in a sentence. */

import type { ApprovalRecord } from "@/api";
import { plural } from "./format";

export const WHERE_HOSPITALS_DECIDE =
  "A hospital's manager decides on the hospital's own machine: fedsm site approvals.";

/** `North approved this run on 29 Nov, 14:02 (Dr. Berg).`, with the reason of a refusal. */
export function approvalSentence(approval: ApprovalRecord): string {
  if (approval.decision === null || approval.decided_at === null)
    return `${approval.site} has not decided yet whether it takes part.`;
  const at = new Date(approval.decided_at).toLocaleString(undefined, {
    day: "numeric",
    month: "short",
    hour: "2-digit",
    minute: "2-digit",
    hour12: false,
  });
  const by = approval.name || (approval.by === "rule" ? "a rule of its policy" : "");
  const why = approval.reason ? `: ${approval.reason.replace(/\.$/, "")}` : "";
  return `${approval.site} ${approval.decision} this run on ${at}${by ? ` (${by})` : ""}${why}.`;
}

export interface ApprovalGroup {
  first: ApprovalRecord;
  /** Runs of the same terms, which differ in the seed alone: one decision holds for all of them. */
  count: number;
}

/** What one decision of a hospital settles, in the order of the records. */
export function byDecision(approvals: readonly ApprovalRecord[]): ApprovalGroup[] {
  const groups = new Map<string, ApprovalGroup>();
  for (const approval of approvals) {
    const key = `${approval.experiment_id} ${approval.site_slug} ${approval.terms_sha256}`;
    const known = groups.get(key);
    groups.set(key, known ? { ...known, count: known.count + 1 } : { first: approval, count: 1 });
  }
  return [...groups.values()];
}

/** `FedSM, seed 0, and 2 more seeds of Question`. */
export function askedRuns({ first, count }: ApprovalGroup): string {
  return `${first.run}${count > 1 ? `, and ${plural(count - 1, "more seed")}` : ""} of ${first.experiment}`;
}
