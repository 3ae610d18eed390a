import { queryOptions } from "@tanstack/react-query";
import { api, type Comparison, type ScoreQuery, unwrap } from "@/api";

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

export const verdictQuery = (experimentId: string, query: ScoreQuery) =>
  queryOptions({
    queryKey: ["results", experimentId, "verdict", query],
    queryFn: () => unwrap(api.getExperimentVerdict({ path: { experiment_id: experimentId }, query })),
  });

export const gapQuery = (
  experimentId: string,
  query: Pick<ScoreQuery, "metric" | "structure"> & { method: string | undefined },
) =>
  queryOptions({
    queryKey: ["results", experimentId, "gap", query],
    queryFn: () => unwrap(api.getExperimentGap({ path: { experiment_id: experimentId }, query })),
    retry: false,
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
