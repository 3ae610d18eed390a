/** A cell of the swim-lane in words: its tooltip, its side panel, and what a screen reader says. */

import type { TaskRecord } from "@/api";
import { formatBytes, formatPercent, formatSeconds, formatTime } from "@/lib/format";
import { type Cell, type CellState, TEST_COLUMN } from "./lanes";

export const STATE_WORDS: Record<CellState, string> = {
  none: "not begun",
  apart: "does not train in this run",
  waiting: "waiting",
  training: "at work",
  sending: "sending",
  done: "done",
  failed: "failed",
  skipped: "skipped",
};

/** Label and value of what is known of a task. */
export function taskFacts(task: TaskRecord): [string, string][] {
  const duration = durationSeconds(task);
  const facts: [string, string | null][] = [
    ["Started", task.started_at && formatTime(task.started_at)],
    ["Ended", task.finished_at && formatTime(task.finished_at)],
    ["Took", duration === null ? null : formatSeconds(duration)],
    ["Waited", waitedSeconds(task)],
    ["Transfer", task.transfer_seconds === null ? null : formatSeconds(task.transfer_seconds)],
    ["Sent", task.bytes_up === null ? null : formatBytes(task.bytes_up)],
    ["Received", task.bytes_down === null ? null : formatBytes(task.bytes_down)],
    ["Attempt", task.attempt > 0 ? String(task.attempt) : null],
    ["Worker", task.worker],
    ["Log lines dropped", task.num_dropped > 0 ? String(task.num_dropped) : null],
  ];
  return facts.filter((fact): fact is [string, string] => fact[1] !== null);
}

/** Seconds from being taken by a worker to the task's end; null while it is under way. */
export function durationSeconds(task: TaskRecord): number | null {
  if (task.seconds !== null) return task.seconds;
  if (!task.started_at || !task.finished_at) return null;
  return Math.max(0, (Date.parse(task.finished_at) - Date.parse(task.started_at)) / 1000);
}

function waitedSeconds(task: TaskRecord): string | null {
  if (!task.started_at) return null;
  const seconds = (Date.parse(task.started_at) - Date.parse(task.sent_at)) / 1000;
  return seconds >= 0.1 ? formatSeconds(seconds) : null;
}

export function placeOf(cell: Cell, name: string): string {
  return cell.column === TEST_COLUMN ? `${name}, test` : `${name}, round ${cell.column}`;
}

export function describeCell(cell: Cell, name: string): string {
  const { task } = cell;
  const parts = [STATE_WORDS[cell.state]];
  if (task?.status === "running") parts.push(formatPercent(task.fraction));
  if (task && task.attempt > 1) parts.push(`attempt ${task.attempt}`);
  if (task?.seconds) parts.push(formatSeconds(task.seconds));
  if (task?.bytes_up) parts.push(`${formatBytes(task.bytes_up)} sent`);
  if (task?.worker) parts.push(`by ${task.worker}`);
  if (task?.error) parts.push(task.error);
  return `${placeOf(cell, name)}: ${parts.join(", ")}`;
}

/** The number of columns that are drawn while the width is not known yet. */
const BEFORE_MEASURED = 20;

/** The columns that are in view, and a few next to them. */
export function visibleColumns(scrollLeft: number, width: number, cellWidth: number, count: number): [number, number] {
  if (width <= 0) return [0, Math.min(count, BEFORE_MEASURED)];
  const margin = 6;
  const first = Math.max(0, Math.floor(scrollLeft / cellWidth) - margin);
  return [first, Math.min(count, Math.ceil((scrollLeft + width) / cellWidth) + margin)];
}
