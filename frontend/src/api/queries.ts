/** Every query of the browser, with the key under which live events find it again. */

import { infiniteQueryOptions, type QueryClient, queryOptions } from "@tanstack/react-query";
import type { ActivityFilters } from "@/lib/activity";
import { type CurveData, mergeCurves } from "@/lib/curves";
import type { LogFilters } from "@/lib/runSearch";
import type { JsonSchema } from "@/lib/schema";
import { unwrap } from "./client";
import * as api from "./generated/sdk.gen";
import type {
  Comparison,
  EventRecord,
  ExperimentResults,
  MetricRecord,
  RunRecord,
  TaskRecord,
} from "./generated/types.gen";
import { TERMINAL_TASKS } from "./live";

/** Events in a page of the activity list. */
const ACTIVITY_PAGE = 100;

export const sessionQuery = queryOptions({
  queryKey: ["session"],
  queryFn: () => unwrap(api.getSession()),
  retry: false,
  staleTime: Number.POSITIVE_INFINITY,
});

export const systemQuery = queryOptions({
  queryKey: ["system"],
  queryFn: () => unwrap(api.getSystem()),
  refetchInterval: 15_000,
});

export const storageQuery = queryOptions({
  queryKey: ["storage"],
  queryFn: () => unwrap(api.getStorage()),
});

/** What a run holds on the backend's disk; it changes with every round. */
export const runStorageQuery = (id: string) =>
  queryOptions({
    queryKey: ["run", id, "storage"],
    queryFn: () => unwrap(api.getRunStorage({ path: { run_id: id } })),
  });

/** What left a site before its policy forbade it. */
export const sentQuery = (siteId: string) =>
  queryOptions({
    queryKey: ["site", siteId, "sent"],
    queryFn: () => unwrap(api.getSent({ path: { site_id: siteId } })),
  });

export const federationsQuery = queryOptions({
  queryKey: ["federations"],
  queryFn: () => unwrap(api.listFederations()),
});

export const federationQuery = (id: string) =>
  queryOptions({
    queryKey: ["federation", id],
    queryFn: () => unwrap(api.getFederation({ path: { federation_id: id } })),
    // A site that goes quiet sends no event.
    refetchInterval: 15_000,
  });

export const datasetsQuery = (federationId: string) =>
  queryOptions({
    queryKey: ["datasets", federationId],
    queryFn: () => unwrap(api.listDatasets({ path: { federation_id: federationId } })),
  });

export const datasetQuery = (id: string) =>
  queryOptions({
    queryKey: ["dataset", id],
    queryFn: () => unwrap(api.getDataset({ path: { dataset_id: id } })),
    refetchInterval: (query) => (query.state.data?.status === "checking" ? 2_000 : false),
  });

export const casesQuery = (datasetId: string) =>
  queryOptions({
    queryKey: ["dataset", datasetId, "cases"],
    queryFn: () => unwrap(api.listCases({ path: { dataset_id: datasetId } })),
  });

export const datasetChecksQuery = (id: string) =>
  queryOptions({
    queryKey: ["dataset", id, "checks"],
    queryFn: () => unwrap(api.listChecks({ path: { dataset_id: id } })),
  });

export const datasetRunsQuery = (id: string) =>
  queryOptions({
    queryKey: ["dataset", id, "runs"],
    queryFn: () => unwrap(api.listDatasetRuns({ path: { dataset_id: id } })),
  });

/** The latest of what happened at a site, but for log lines and metrics. */
export const siteEventsQuery = (federationId: string, slug: string) =>
  queryOptions({
    queryKey: ["activity", "site", federationId, slug],
    queryFn: () =>
      unwrap(
        api.listEvents({
          query: {
            federation_id: federationId,
            site_slug: slug,
            kind: ["site", "dataset", "task", "status"],
            limit: 15,
          },
        }),
      ),
  });

export const statisticsQuery = (federationId: string) =>
  queryOptions({
    queryKey: ["federation", federationId, "statistics"],
    queryFn: () => unwrap(api.getFederationStatistics({ path: { federation_id: federationId } })),
  });

export const leakageQuery = (federationId: string) =>
  queryOptions({
    queryKey: ["federation", federationId, "leakage"],
    queryFn: () => unwrap(api.getFederationLeakage({ path: { federation_id: federationId } })),
  });

export const alikeQuery = (federationId: string, datasetId?: string) =>
  queryOptions({
    queryKey: ["federation", federationId, "alike", datasetId ?? "all"],
    queryFn: () =>
      unwrap(
        api.listAlike({ path: { federation_id: federationId }, query: datasetId ? { dataset_id: datasetId } : {} }),
      ),
  });

export const modelsQuery = (federationId: string) =>
  queryOptions({
    queryKey: ["federation", federationId, "models"],
    queryFn: () => unwrap(api.listModels({ path: { federation_id: federationId } })),
  });

export const modelTestsQuery = (runId: string) =>
  queryOptions({
    queryKey: ["run", runId, "tests"],
    queryFn: () => unwrap(api.listModelTests({ path: { run_id: runId } })),
  });

export const modelQuery = (runId: string) =>
  queryOptions({ queryKey: ["run", runId, "model"], queryFn: () => unwrap(api.getModel({ path: { run_id: runId } })) });

export const extensionQuery = (runId: string, rounds: number) =>
  queryOptions({
    queryKey: ["run", runId, "extension", rounds],
    queryFn: () => unwrap(api.previewExtension({ path: { run_id: runId }, query: { rounds } })),
  });

/** Asks again while one of them is under way. */
export const predictionsQuery = (runId: string) =>
  queryOptions({
    queryKey: ["run", runId, "predictions"],
    queryFn: () => unwrap(api.listPredictions({ path: { run_id: runId } })),
    refetchInterval: ({ state }) =>
      state.data?.some((prediction) => !TERMINAL_TASKS.has(prediction.status)) ? 700 : false,
  });

export const experimentsQuery = (federationId: string) =>
  queryOptions({
    queryKey: ["experiments", federationId],
    queryFn: () => unwrap(api.listExperiments({ path: { federation_id: federationId } })),
  });

export const experimentQuery = (id: string) =>
  queryOptions({
    queryKey: ["experiment", id],
    queryFn: () => unwrap(api.getExperiment({ path: { experiment_id: id } })),
  });

/** What a table of results is about; without a structure, the mean over structures. */
export interface ScoreQuery {
  metric: ScoreName;
  checkpoint: Checkpoint;
  structure?: string;
}

export type Checkpoint = ExperimentResults["checkpoint"];
export type ScoreName = ExperimentResults["metric"];

export const resultsQuery = (experimentId: string, query: Pick<ScoreQuery, "metric" | "checkpoint">) =>
  queryOptions({
    queryKey: ["results", experimentId, "table", query],
    queryFn: () => unwrap(api.getExperimentResults({ path: { experiment_id: experimentId }, query })),
  });

export const provenanceQuery = (experimentId: string) =>
  queryOptions({
    queryKey: ["results", experimentId, "provenance"],
    queryFn: () => unwrap(api.getExperimentProvenance({ path: { experiment_id: experimentId } })),
  });

export const comparisonQuery = (
  experimentId: string,
  query: ScoreQuery & { baseline: string; model: Comparison["baseline_model"] },
) =>
  queryOptions({
    queryKey: ["results", experimentId, "comparison", query],
    queryFn: () => unwrap(api.compareMethods({ path: { experiment_id: experimentId }, query })),
  });

export const experimentSchemaQuery = queryOptions({
  queryKey: ["experiment-schema"],
  queryFn: async () => (await unwrap(api.getExperimentSchema())) as JsonSchema,
  staleTime: Number.POSITIVE_INFINITY,
});

/** The package's own; they change with the version only. */
export const experimentTemplatesQuery = queryOptions({
  queryKey: ["experiment-templates"],
  queryFn: () => unwrap(api.listExperimentTemplates()),
  staleTime: Number.POSITIVE_INFINITY,
});

export const runQuery = (id: string) =>
  queryOptions({
    queryKey: ["run", id],
    queryFn: () => unwrap(api.getRun({ path: { run_id: id } })),
    // Whom it waits for changes with the time, without an event.
    refetchInterval: ({ state }) => (state.data && !isOver(state.data) ? 10_000 : false),
  });

export const runCasesQuery = (id: string) =>
  queryOptions({
    queryKey: ["run", id, "cases"],
    queryFn: () => unwrap(api.listRunCases({ path: { run_id: id } })),
  });

export const runHistoryQuery = (id: string) =>
  queryOptions({
    queryKey: ["run", id, "history"],
    queryFn: () => unwrap(api.getRunHistory({ path: { run_id: id } })),
  });

export const runMatrixQuery = (id: string, query: ScoreQuery) =>
  queryOptions({
    queryKey: ["run", id, "matrix", query],
    queryFn: () => unwrap(api.getRunMatrix({ path: { run_id: id }, query })),
  });

export const runSelectorQuery = (id: string, query: ScoreQuery) =>
  queryOptions({
    queryKey: ["run", id, "selector", query],
    queryFn: () => unwrap(api.getRunSelector({ path: { run_id: id }, query })),
  });

export const selectorCasesQuery = (id: string, query: ScoreQuery) =>
  queryOptions({
    queryKey: ["run", id, "selector", "cases", query],
    queryFn: () => unwrap(api.listSelectorCases({ path: { run_id: id }, query })),
  });

/** The newest page first; each page is in order of time. */
export const activityQuery = (filters: ActivityFilters) =>
  infiniteQueryOptions({
    queryKey: ["activity", filters],
    queryFn: ({ pageParam }) =>
      unwrap(api.listEvents({ query: { ...filters, before: pageParam ?? undefined, limit: ACTIVITY_PAGE } })),
    initialPageParam: null as number | null,
    getNextPageParam: (page) => (page.length < ACTIVITY_PAGE ? null : (page[0]?.id ?? null)),
  });

export const tokensQuery = queryOptions({ queryKey: ["tokens"], queryFn: () => unwrap(api.listTokens()) });

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

/** Asks only for metrics newer than those at hand: a long run has many thousands. */
export const runMetricsQuery = (id: string, client: QueryClient) => {
  const queryKey = ["run", id, "metrics"] as const;
  return queryOptions({
    queryKey,
    queryFn: async (): Promise<MetricRecord[]> => {
      const known = client.getQueryData<MetricRecord[]>(queryKey) ?? [];
      const after = known.at(-1)?.id;
      const fresh = await unwrap(api.listRunMetrics({ path: { run_id: id }, query: { after } }));
      return known.concat(fresh);
    },
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

export function isOver(run: Pick<RunRecord, "status">): boolean {
  return run.status === "completed" || run.status === "failed" || run.status === "cancelled";
}

export const reportsQuery = (experimentId: string) =>
  queryOptions({
    queryKey: ["experiment", experimentId, "reports"],
    queryFn: () => unwrap(api.listReports({ path: { experiment_id: experimentId } })),
  });

/** Frozen: fetched once. */
export const sharedReportQuery = (token: string) =>
  queryOptions({
    queryKey: ["shared-report", token],
    queryFn: () => unwrap(api.getSharedReport({ path: { token } })),
    retry: false,
    staleTime: Number.POSITIVE_INFINITY,
  });

export const runComparisonQuery = (federationId: string, runs: string[], query: ScoreQuery) =>
  queryOptions({
    queryKey: ["results", "runs", federationId, runs, query],
    queryFn: () => unwrap(api.compareRuns({ path: { federation_id: federationId }, query: { run: runs, ...query } })),
  });
