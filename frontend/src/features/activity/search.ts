/** What the address holds of the activity list, and what the backend is asked for. */

import * as v from "valibot";
import type { ListEventsData } from "@/api";
import { choice, text } from "@/lib/search";

export type ActivityFilters = Omit<NonNullable<ListEventsData["query"]>, "after" | "before" | "limit">;

/** What people did, without the many steps of runs: what the list shows when nothing else is asked for. */
const WITHOUT_STEPS = ["status", "dataset", "site", "experiment", "federation", "user", "storage", "model"] as const;

export const KINDS = [
  { value: "everything", label: "Everything, each step too" },
  { value: "status", label: "States of runs" },
  { value: "round", label: "Rounds of runs" },
  { value: "task", label: "Tasks" },
  { value: "dataset", label: "Data sets" },
  { value: "site", label: "Sites and workers" },
  { value: "experiment", label: "Experiments" },
  { value: "federation", label: "Federations" },
  { value: "user", label: "Users and tokens" },
  { value: "model", label: "Registered models" },
  { value: "storage", label: "Disks and files" },
  { value: "log", label: "Log lines" },
] as const;

export const LEVELS = [
  { value: "warning", label: "Warnings and errors" },
  { value: "error", label: "Errors" },
] as const;

const HOUR_MS = 3_600_000;
export const SPANS = [
  { value: "hour", label: "Last hour", ms: HOUR_MS },
  { value: "day", label: "Last 24 hours", ms: 24 * HOUR_MS },
  { value: "week", label: "Last 7 days", ms: 7 * 24 * HOUR_MS },
  { value: "month", label: "Last 30 days", ms: 30 * 24 * HOUR_MS },
] as const;

export const activitySearch = v.object({
  text,
  /** When left out, everything but the steps of runs is listed. */
  kind: choice(KINDS.map(({ value }) => value)),
  /** That one and graver ones. */
  level: choice(LEVELS.map(({ value }) => value)),
  actor: text,
  federation: text,
  span: choice(SPANS.map(({ value }) => value)),
});

export type ActivitySearch = v.InferOutput<typeof activitySearch>;

const MINUTE_MS = 60_000;

/** A span ends now; it begins at a full minute, so that the same question is asked for a minute. */
export function activityFilters(search: ActivitySearch, now = Date.now()): ActivityFilters {
  const span = SPANS.find(({ value }) => value === search.span);
  const since = span && new Date(Math.floor((now - span.ms) / MINUTE_MS) * MINUTE_MS).toISOString();
  const filters: ActivityFilters = {
    text: search.text,
    kind: kinds(search.kind),
    level: search.level,
    actor: search.actor,
    federation_id: search.federation,
    since,
  };
  return Object.fromEntries(Object.entries(filters).filter(([, value]) => value !== undefined));
}

function kinds(kind: ActivitySearch["kind"]): ActivityFilters["kind"] {
  if (kind === "everything") return undefined;
  return kind ? [kind] : [...WITHOUT_STEPS];
}

export function activityCsvUrl(filters: ActivityFilters): string {
  const query = new URLSearchParams(
    Object.entries(filters).flatMap(([key, value]) => [value].flat().map((one) => [key, String(one)])),
  );
  return query.size > 0 ? `/api/v1/events.csv?${query}` : "/api/v1/events.csv";
}
