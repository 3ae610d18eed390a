/** Whom a run waits for, in a sentence, and what it has used so far. */

import type { RunRecord, TaskRecord, WaitedFor } from "@/api";
import { tasks as taskCards } from "@/api/tables.json";
import { clockTime, formatPercent, formatSeconds } from "@/lib/format";
import { policyLine } from "@/lib/sites";
import { openTasks } from "./lanes";

/** Maximum number of names; more would hide the sentence's end. */
const MAX_NAMES = 4;

/** `Waiting for: Birch clinic, training 40 %, 12 s`; null where the run waits for nobody. */
export function waitingSentence(
  tasks: readonly TaskRecord[],
  nameOf: (participant: string) => string,
  now: number,
): string | null {
  const open = openTasks(tasks);
  if (open.length === 0) return null;
  const named = open.slice(0, MAX_NAMES).map((task) => `${nameOf(task.participant)}, ${whatItDoes(task, now)}`);
  const more = open.length > MAX_NAMES ? `; and ${open.length - MAX_NAMES} more` : "";
  return `Waiting for: ${named.join("; ")}${more}`;
}

const ABSENCES: Record<Exclude<WaitedFor["reason"], "not_approved" | "paused">, string> = {
  offline: "offline since",
  not_begun: "online and has not begun, since",
  in_turn: "waiting for its turn since",
  working: "at work longer than it should take, since",
};

/** `Birch clinic is offline since 14:02; the run goes on without it at 14:07.`, a sentence for each who is absent or late. */
export function absenceSentences(
  waits: readonly WaitedFor[],
  nameOf: (participant: string) => string,
  now: number,
): string[] {
  return waits.map((wait) => {
    const since = clockTime(Date.parse(wait.since), now);
    const said = reasonOf(wait, nameOf(wait.participant), since, now);
    if (wait.goes_on_at)
      return `${said}; the run goes on without it at ${clockTime(Date.parse(wait.goes_on_at), now)}.`;
    return wait.needed ? `${said}; without it there is no quorum, so the run waits.` : `${said}.`;
  });
}

function reasonOf(wait: WaitedFor, name: string, since: string, now: number): string {
  if (wait.reason === "not_approved") return `Waiting for the approval of ${name}, asked ${since}`;
  if (wait.reason !== "paused") return `${name} is ${ABSENCES[wait.reason]} ${since}`;
  const until = wait.pause?.until ? `until ${clockTime(Date.parse(wait.pause.until), now)}` : `since ${since}`;
  return wait.pause ? `${name} waits ${until}, because its policy ${policyLine(wait.pause)}` : `${name} waits ${until}`;
}

/** The hospitals that have not decided yet; their tasks wait for a person, not for a worker. */
export function unapproved(run: Pick<RunRecord, "waits_for">): ReadonlySet<string> {
  return new Set(run.waits_for.filter(({ reason }) => reason === "not_approved").map(({ participant }) => participant));
}

/** Seconds without tenths, which would flicker. */
export function wholeSeconds(seconds: number): string {
  return seconds < 90 ? `${Math.round(seconds)} s` : formatSeconds(seconds);
}

function whatItDoes(task: TaskRecord, now: number): string {
  const since = task.status === "running" ? task.started_at : task.sent_at;
  const seconds = since ? `, ${wholeSeconds(Math.max(0, now - Date.parse(since)) / 1000)}` : "";
  const doing = taskCards[task.kind].doing;
  if (task.status !== "running") return `queued for ${doing}${seconds}`;
  return task.fraction > 0 ? `${doing} ${formatPercent(task.fraction)}${seconds}` : `${doing}${seconds}`;
}

export interface Activity {
  /** Sites at work, and sites whose task waits for a worker. */
  active: number;
  waiting: number;
  /** Sent by the sites, and received by them. */
  bytesUp: number;
  bytesDown: number;
}

export function activityOf(tasks: readonly TaskRecord[]): Activity {
  const sites = (status: TaskRecord["status"]) =>
    new Set(
      tasks
        .filter((task) => task.status === status && task.participant !== "coordinator")
        .map((task) => task.participant),
    ).size;
  const sum = (of: "bytes_up" | "bytes_down") => tasks.reduce((total, task) => total + (task[of] ?? 0), 0);
  return {
    active: sites("running"),
    waiting: sites("queued"),
    bytesUp: sum("bytes_up"),
    bytesDown: sum("bytes_down"),
  };
}

/** Seconds since the run's start, to its end if it has one; null before the start. */
export function elapsedSeconds(run: Pick<RunRecord, "started_at" | "finished_at">, now: number): number | null {
  if (!run.started_at) return null;
  const end = run.finished_at ? Date.parse(run.finished_at) : now;
  return Math.max(0, (end - Date.parse(run.started_at)) / 1000);
}

/** What the browser's tab says while one looks at a run. */
export function runTitle(run: Pick<RunRecord, "status" | "round" | "num_rounds">, name: string): string {
  const states: Partial<Record<RunRecord["status"], string>> = {
    running: `${run.round}/${run.num_rounds}`,
    paused: `Paused ${run.round}/${run.num_rounds}`,
    evaluating: "Testing",
    completed: "Done",
    failed: "Failed",
    cancelled: "Cancelled",
    queued: "Queued",
  };
  const state = states[run.status];
  return state ? `${state} · ${name}` : name;
}
