/** Which states are final. */

import type { RunRecord, TaskStatus } from "@/api";

export const TERMINAL_TASKS: ReadonlySet<TaskStatus> = new Set(["completed", "failed", "crashed", "cancelled"]);

export function isOver(run: Pick<RunRecord, "status">): boolean {
  return run.status === "completed" || run.status === "failed" || run.status === "cancelled";
}
