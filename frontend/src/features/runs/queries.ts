import { type QueryClient, queryOptions } from "@tanstack/react-query";
import { api, type EventRecord, runQuery, type TaskRecord, unwrap } from "@/api";
import { isOver, TERMINAL_TASKS } from "@/lib/status";
import { type CurveData, mergeCurves } from "./curveData";
import type { LogFilters } from "./search";

/** A run on its own page: whom it waits for changes with the time, without an event. */
export const liveRunQuery = (id: string) =>
  queryOptions({
    ...runQuery(id),
    refetchInterval: ({ state }) => (state.data && !isOver(state.data) ? 10_000 : false),
  });

/** What the hospitals among the run's sites decided. */
export const runApprovalsQuery = (id: string) =>
  queryOptions({
    queryKey: ["run", id, "approvals"],
    queryFn: () => unwrap(api.listRunApprovals({ path: { run_id: id } })),
  });

/** What a run holds on the backend's disk; it changes with every round. */
export const runStorageQuery = (id: string) =>
  queryOptions({
    queryKey: ["run", id, "storage"],
    queryFn: () => unwrap(api.getRunStorage({ path: { run_id: id } })),
  });

export const extensionQuery = (runId: string, rounds: number) =>
  queryOptions({
    queryKey: ["run", runId, "extension", rounds],
    queryFn: () => unwrap(api.previewExtension({ path: { run_id: runId }, query: { rounds } })),
  });

export const taskQuery = (runId: string, taskId: string) =>
  queryOptions({
    queryKey: ["run", runId, "task", taskId],
    queryFn: () => unwrap(api.getRunTask({ path: { run_id: runId, task_id: taskId } })),
  });

/** Means over structures as lines; asks only for what is newer than what is at hand. */
export const runCurvesQuery = (id: string, client: QueryClient) => {
  const queryKey = ["run", id, "curves"] as const;
  return queryOptions({
    queryKey,
    queryFn: async (): Promise<CurveData> => {
      const known = client.getQueryData<CurveData>(queryKey);
      const fresh = await unwrap(api.getRunCurves({ path: { run_id: id }, query: { after: known?.lastId } }));
      return mergeCurves(known, fresh);
    },
    structuralSharing: false,
  });
};

/** Asks only for rounds that may still change. */
export const runTasksQuery = (id: string, client: QueryClient) => {
  const queryKey = ["run", id, "tasks"] as const;
  return queryOptions({
    queryKey,
    queryFn: async (): Promise<TaskRecord[]> => {
      const known = client.getQueryData<TaskRecord[]>(queryKey) ?? [];
      const settled = settledRound(known);
      const fresh = await unwrap(api.listRunTasks({ path: { run_id: id }, query: { after_round: settled } }));
      return settled === undefined ? fresh : known.filter((task) => task.round <= settled).concat(fresh);
    },
  });
};

/** The last round before all that is unfinished, less one for the round that a resumed run repeats. */
function settledRound(tasks: readonly TaskRecord[]): number | undefined {
  if (tasks.length === 0) return undefined;
  let newest = 0;
  let oldestOpen = Number.POSITIVE_INFINITY;
  for (const task of tasks) {
    newest = Math.max(newest, task.round);
    if (!TERMINAL_TASKS.has(task.status)) oldestOpen = Math.min(oldestOpen, task.round);
  }
  const settled = Math.min(newest, oldestOpen) - 2;
  return settled < 0 ? undefined : settled;
}

/** Lines in a page of a run's log. */
const LOG_PAGE = 500;

export interface LogLines {
  /** In order of time. */
  lines: EventRecord[];
  hasEarlier: boolean;
}

const logKey = (filters: LogFilters) => ["run", filters.run_id, "log", filters] as const;

/** The latest page at first, then only what is newer. */
export const runLogQuery = (filters: LogFilters, client: QueryClient) => {
  const queryKey = logKey(filters);
  return queryOptions({
    queryKey,
    queryFn: async (): Promise<LogLines> => {
      const last = client.getQueryData<LogLines>(queryKey)?.lines.at(-1)?.id;
      if (last === undefined) {
        const lines = await unwrap(api.listEvents({ query: { ...filters, limit: LOG_PAGE } }));
        return { lines, hasEarlier: lines.length === LOG_PAGE };
      }
      const fresh = await linesAfter(last, filters);
      // Read again: an earlier page may have come meanwhile.
      const known = client.getQueryData<LogLines>(queryKey) ?? { lines: [], hasEarlier: true };
      return fresh.length === 0 ? known : { ...known, lines: known.lines.concat(fresh) };
    },
    structuralSharing: false,
  });
};

async function linesAfter(last: number, filters: LogFilters): Promise<EventRecord[]> {
  const page = await unwrap(api.listEvents({ query: { ...filters, after: last, limit: LOG_PAGE } }));
  const newest = page.at(-1)?.id;
  return page.length < LOG_PAGE || newest === undefined ? page : page.concat(await linesAfter(newest, filters));
}

/** Puts the page before the first line at hand in front of it. */
export async function loadEarlierLog(filters: LogFilters, client: QueryClient): Promise<void> {
  const queryKey = logKey(filters);
  const before = client.getQueryData<LogLines>(queryKey)?.lines[0]?.id;
  if (before === undefined) return;
  const page = await unwrap(api.listEvents({ query: { ...filters, before, limit: LOG_PAGE } }));
  client.setQueryData<LogLines>(
    queryKey,
    (known) => known && { lines: page.concat(known.lines), hasEarlier: page.length === LOG_PAGE },
  );
}
