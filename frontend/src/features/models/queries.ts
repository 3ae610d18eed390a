import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { api, unwrap } from "@/api";
import { TERMINAL_TASKS } from "@/lib/status";
import { isOver, numEnded } from "./batches";
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

/** Of one batch alone, or of all. Asks again while one of them is under way. */
export const predictionsQuery = (runId: string, batch?: string) =>
  queryOptions({
    queryKey: batch === undefined ? ["run", runId, "predictions"] : ["run", runId, "predictions", batch],
    queryFn: () => unwrap(api.listPredictions({ path: { run_id: runId }, query: { batch } })),
    refetchInterval: ({ state }) =>
      state.data?.some((prediction) => !TERMINAL_TASKS.has(prediction.status)) ? 700 : false,
  });

/** Asks again until all its images have ended; seldom where those that arrived have, because nobody may send the rest. */
export const batchQuery = (batch: string) =>
  queryOptions({
    queryKey: ["batch", batch],
    queryFn: () => unwrap(api.getPredictionBatch({ path: { batch_id: batch } })),
    refetchInterval: ({ state: { data } }) => {
      if (!data || isOver(data)) return false;
      return numEnded(data) < data.num_images ? 700 : 3000;
    },
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
