/** A task's failure in words: for the screen, and as a text for support. */

import type { RunRecord, TaskFailure } from "@/api";
import { tasks } from "@/api/tables.json";

/** `Birch clinic could not train in round 3: disk full`. */
export function failureTitle(failure: TaskFailure, name: string): string {
  const card = tasks[failure.task_kind];
  const round = card.of_round ? ` in round ${failure.round}` : "";
  return `${name} could not ${card.could_not}${round}: ${lowerFirst(failure.title)}`;
}

/** Short enough to read out on the telephone; the whole id is in the text for support. */
export function shortId(id: string): string {
  return id.slice(0, 8);
}

/** Everything that somebody who was not there needs. */
export function supportText(failure: TaskFailure, detail: string | null, run: RunRecord, page: string): string {
  const lines = [
    `Failure: ${failure.title} (${failure.kind})`,
    `Cause: ${failure.cause}`,
    `Site: ${failure.participant}`,
    `Round: ${failure.round} of ${run.num_rounds}`,
    `Task: ${failure.task_kind}, attempt ${failure.attempt}, by worker ${failure.worker ?? "unknown"}`,
    `Correlation id: ${failure.task_id}`,
    `Time: ${failure.at ?? "unknown"}`,
    `Run: ${run.strategy_label}, seed ${run.seed} (${run.id})`,
    `Remedy given: ${failure.remedy}`,
    `Page: ${page}`,
  ];
  return `${lines.join("\n")}\n\n${detail ?? "No technical detail was recorded."}\n`;
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
