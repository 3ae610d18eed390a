import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { api, unwrap } from "@/api";
import { TERMINAL_TASKS } from "@/lib/status";
import type { ThresholdChoice } from "./models";

/** The models with one of the thresholds. While another one's load, those of before stay. */
export const modelQuery = (runId: string, threshold: ThresholdChoice = "run") =>
  queryOptions({
    queryKey: ["run", runId, "model", threshold],
    queryFn: () => unwrap(api.getModel({ path: { run_id: runId }, query: { threshold } })),
    placeholderData: keepPreviousData,
  });

export const modelTestsQuery = (runId: string) =>
  queryOptions({
    queryKey: ["run", runId, "tests"],
    queryFn: () => unwrap(api.listModelTests({ path: { run_id: runId } })),
  });

/** The threshold of the super model that validation cases choose; null where they say nothing. */
export const validatedThresholdQuery = (runId: string) =>
  queryOptions({
    queryKey: ["run", runId, "selector", "validation"],
    queryFn: async () => (await unwrap(api.getRunSelector({ path: { run_id: runId } }))).validation,
  });

/** Asks again while one of them is being made. */
export const exportsQuery = (runId: string) =>
  queryOptions({
    queryKey: ["run", runId, "exports"],
    queryFn: () => unwrap(api.listExports({ path: { run_id: runId } })),
    refetchInterval: ({ state }) => (state.data?.some(({ status }) => !TERMINAL_TASKS.has(status)) ? 1000 : false),
  });

/** Asks again while one of them is under way. */
export const predictionsQuery = (runId: string) =>
  queryOptions({
    queryKey: ["run", runId, "predictions"],
    queryFn: () => unwrap(api.listPredictions({ path: { run_id: runId } })),
    refetchInterval: ({ state }) =>
      state.data?.some((prediction) => !TERMINAL_TASKS.has(prediction.status)) ? 700 : false,
  });

export const versionQuery = (versionId: string) =>
  queryOptions({
    queryKey: ["version", versionId],
    queryFn: () => unwrap(api.getModelVersion({ path: { version_id: versionId } })),
  });

export const versionComparisonQuery = (versionId: string, other: string) =>
  queryOptions({
    queryKey: ["version", versionId, "comparison", other],
    queryFn: () => unwrap(api.compareVersions({ path: { version_id: versionId }, query: { other } })),
  });
