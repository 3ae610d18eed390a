/** The swim-lane: what each participant did, does or still has to do in each round. */

import type { TaskRecord } from "@/api";

export type CellState = "none" | "waiting" | "training" | "done" | "failed" | "skipped";

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
  let newestRound = 0;
  for (const task of tasks) {
    const column = columnOf(task);
    if (column === undefined) continue;
    seen.add(task.participant);
    if (task.kind === "train_site") newestRound = Math.max(newestRound, task.round);
    const key = `${task.participant}/${column}`;
    const known = latest.get(key);
    if (!known || known.created_at <= task.created_at) latest.set(key, task);
  }
  const participants = [
    ...order.filter((site) => seen.has(site)),
    ...[...seen].filter((site) => !order.includes(site)).sort(),
  ];
  return participants.map((participant) => ({
    participant,
    cells: columns.map((column) => {
      const task = latest.get(`${participant}/${column}`);
      const passed = column !== TEST_COLUMN && Number(column) < newestRound;
      return { column, task, state: task ? STATES[task.status] : passed ? "skipped" : "none" };
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
  seconds: number;
  bytes: number;
}

/** What each finished training task cost in time and traffic. */
export function trainingCosts(tasks: readonly TaskRecord[]): Cost[] {
  return tasks
    .filter((task) => task.kind === "train_site" && task.status === "completed")
    .map((task) => ({
      round: task.round,
      participant: task.participant,
      seconds: task.seconds ?? 0,
      bytes: (task.bytes_up ?? 0) + (task.bytes_down ?? 0),
    }));
}
