/** A hospital's decision on a run, in a sentence. */

import type { ApprovalRecord } from "@/api";

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
