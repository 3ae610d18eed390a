/** What the address holds of a run's live page, and the log that it asks for. */

import * as v from "valibot";
import { choice, numberBetween, text, texts } from "@/lib/search";

const round = numberBetween(0, Number.POSITIVE_INFINITY);

export const runSearch = v.object({
  /** Id of the task whose details are open. */
  task: text,
  /** The scale of the losses. When left out, it is linear. */
  scale: choice(["log"]),
  /** How much each point of a curve keeps of those before it. When left out, it keeps nothing. */
  smooth: numberBetween(0, 0.99),
  /** Sites whose curves are not drawn. */
  hide: texts,
  /** The rounds that the curves show. When left out, they show all. */
  from: round,
  to: round,
  logSite: text,
  /** That one and graver ones. */
  logLevel: choice(["warning", "error"]),
  logRound: round,
  logText: text,
  /** When left out, the log has what the platform did as well as what workers say. */
  logKind: choice(["log"]),
});

export type RunSearch = v.InferOutput<typeof runSearch>;

/** What the log is asked for. */
export interface LogFilters {
  run_id: string;
  kind: ("log" | "task" | "round" | "status")[];
  site_slug?: string;
  level?: "warning" | "error";
  round?: number;
  text?: string;
  task_id?: string;
}

export function logFilters(runId: string, search: RunSearch): LogFilters {
  return known({
    run_id: runId,
    kind: search.logKind ? ["log"] : ["log", "task", "round", "status"],
    site_slug: search.logSite,
    level: search.logLevel,
    round: search.logRound,
    text: search.logText,
  });
}

/** The same lines as a text file, from the beginning. */
export function logFileUrl(filters: LogFilters): string {
  const pairs = Object.entries(filters).flatMap(([name, value]) => [value].flat().map((one) => [name, String(one)]));
  return `/api/v1/events.txt?${new URLSearchParams(pairs)}`;
}

function known<Value extends object>(value: Value): Value {
  return Object.fromEntries(Object.entries(value).filter(([, entry]) => entry !== undefined)) as Value;
}
