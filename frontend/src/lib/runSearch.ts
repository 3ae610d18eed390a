/** What the URL holds of a run's live page. */

export interface RunSearch {
  /** Id of the task whose details are open. */
  task?: string;
  /** Of the losses; left out: linear. */
  scale?: "log";
  /** How much each point of a curve keeps of those before it, 0 to 0.99; left out: none. */
  smooth?: number;
  /** Sites whose curves are not drawn. */
  hide?: string[];
  /** The rounds that the curves show; left out: all. */
  from?: number;
  to?: number;
  logSite?: string;
  /** That one and graver ones. */
  logLevel?: "warning" | "error";
  logRound?: number;
  logText?: string;
  /** Left out: what the platform did as well as what workers say. */
  logKind?: "log";
}

type Raw = Record<string, unknown>;

export function readRunSearch(raw: Raw): RunSearch {
  return {
    task: text(raw.task),
    scale: raw.scale === "log" ? "log" : undefined,
    smooth: number(raw.smooth, 0, 0.99),
    hide: texts(raw.hide),
    from: number(raw.from, 0),
    to: number(raw.to, 0),
    logSite: text(raw.logSite),
    logLevel: raw.logLevel === "warning" || raw.logLevel === "error" ? raw.logLevel : undefined,
    logRound: number(raw.logRound, 0),
    logText: text(raw.logText),
    logKind: raw.logKind === "log" ? "log" : undefined,
  };
}

/** Ids and names come back from the URL's JSON as numbers where they consist of digits. */
function text(value: unknown): string | undefined {
  if (typeof value === "number") return String(value);
  return typeof value === "string" && value !== "" ? value : undefined;
}

function texts(value: unknown): string[] | undefined {
  const known = Array.isArray(value) ? value.flatMap((item) => text(item) ?? []) : [];
  return known.length > 0 ? known : undefined;
}

function number(value: unknown, least: number, most = Number.POSITIVE_INFINITY): number | undefined {
  return typeof value === "number" && value >= least && value <= most ? value : undefined;
}

/** What the log is asked for. */
export interface LogFilters {
  run_id: string;
  kind: ("log" | "task" | "status")[];
  site_slug?: string;
  level?: "warning" | "error";
  round?: number;
  text?: string;
  task_id?: string;
}

export function logFilters(runId: string, search: RunSearch): LogFilters {
  return known({
    run_id: runId,
    kind: search.logKind ? ["log"] : ["log", "task", "status"],
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
