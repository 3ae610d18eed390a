/** The swim-lane: what each participant did, does or still has to do in each round. */

import type { TaskRecord } from "@/api";

/** `apart`: a round of a participant that never trains in this run, as a site that is held out. */
export type CellState = "none" | "apart" | "waiting" | "training" | "sending" | "done" | "failed" | "skipped";

export interface Cell {
  column: string;
  state: CellState;
  task: TaskRecord | undefined;
}

export interface Lane {
  participant: string;
  cells: Cell[];
}

/** The column after the last round: the test of the best round's models. */
export const TEST_COLUMN = "Test";

const STATES: Record<TaskRecord["status"], CellState> = {
  queued: "waiting",
  running: "training",
  completed: "done",
  failed: "failed",
  crashed: "failed",
  cancelled: "skipped",
};

/** Trained, and its update is on its way. */
function stateOf(task: TaskRecord): CellState {
  const trained = task.kind === "train_site" && task.fraction >= 1;
  return task.status === "running" && trained ? "sending" : STATES[task.status];
}

/** The column of a task, or undefined for what is no round's work (the run's start, validation after the last round). */
function columnOf(task: TaskRecord): string | undefined {
  if (task.kind === "train_site") return String(task.round);
  return task.kind === "evaluate_site" ? TEST_COLUMN : undefined;
}

/** One lane a participant, in the given order; those that have tasks but are not listed come last. */
export function lanes(tasks: readonly TaskRecord[], order: readonly string[], numRounds: number): Lane[] {
  const columns = [...Array.from({ length: numRounds }, (_, index) => String(index + 1)), TEST_COLUMN];
  const latest = new Map<string, TaskRecord>();
  const seen = new Set<string>();
  const trained = new Set<string>();
  let newestRound = 0;
  let isTested = false;
  for (const task of tasks) {
    const column = columnOf(task);
    if (column === undefined) continue;
    seen.add(task.participant);
    if (task.kind === "train_site") {
      trained.add(task.participant);
      newestRound = Math.max(newestRound, task.round);
    } else isTested = true;
    const key = `${task.participant}/${column}`;
    const known = latest.get(key);
    if (!known || known.created_at <= task.created_at) latest.set(key, task);
  }
  const participants = [
    ...order.filter((site) => seen.has(site)),
    ...[...seen].filter((site) => !order.includes(site)).sort(),
  ];
  const lastPassed = isTested ? newestRound : newestRound - 1;
  const withoutTask = (participant: string, column: string): CellState => {
    if (column === TEST_COLUMN || newestRound === 0) return "none";
    if (!trained.has(participant)) return "apart";
    return Number(column) <= lastPassed ? "skipped" : "none";
  };
  return participants.map((participant) => ({
    participant,
    cells: columns.map((column) => {
      const task = latest.get(`${participant}/${column}`);
      return { column, task, state: task ? stateOf(task) : withoutTask(participant, column) };
    }),
  }));
}

/** The tasks that the run is waiting for now: running ones first. */
export function openTasks(tasks: readonly TaskRecord[]): TaskRecord[] {
  const open = tasks.filter((task) => task.status === "running" || task.status === "queued");
  return open.sort((left, right) => Number(right.status === "running") - Number(left.status === "running"));
}

export interface Cost {
  round: number;
  participant: string;
  /** Seconds from being queued to being taken by a worker. */
  waiting: number;
  /** At work, without the transfer. */
  working: number;
  /** Downloads and uploads; 0 where it was not recorded. */
  transfer: number;
  bytesUp: number;
  bytesDown: number;
}

/** What each finished training task cost in time and traffic. */
export function trainingCosts(tasks: readonly TaskRecord[]): Cost[] {
  return tasks
    .filter((task) => task.kind === "train_site" && task.status === "completed")
    .map((task) => ({
      round: task.round,
      participant: task.participant,
      waiting: task.started_at ? Math.max(0, (Date.parse(task.started_at) - Date.parse(task.sent_at)) / 1000) : 0,
      working: (task.seconds ?? 0) - (task.transfer_seconds ?? 0),
      transfer: task.transfer_seconds ?? 0,
      bytesUp: task.bytes_up ?? 0,
      bytesDown: task.bytes_down ?? 0,
    }));
}

export interface SiteTotal extends Omit<Cost, "round"> {
  rounds: number;
}

/** Summed over rounds, in the order in which the sites come. */
export function siteTotals(costs: readonly Cost[]): SiteTotal[] {
  const totals = new Map<string, SiteTotal>();
  for (const { participant, round: _, ...cost } of costs) {
    const zero = { participant, rounds: 0, waiting: 0, working: 0, transfer: 0, bytesUp: 0, bytesDown: 0 };
    const sum = totals.get(participant) ?? zero;
    totals.set(participant, {
      participant,
      rounds: sum.rounds + 1,
      waiting: sum.waiting + cost.waiting,
      working: sum.working + cost.working,
      transfer: sum.transfer + cost.transfer,
      bytesUp: sum.bytesUp + cost.bytesUp,
      bytesDown: sum.bytesDown + cost.bytesDown,
    });
  }
  return [...totals.values()];
}
