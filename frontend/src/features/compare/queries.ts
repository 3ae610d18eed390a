import { queryOptions } from "@tanstack/react-query";
import { api, type ScoreQuery, unwrap } from "@/api";

export const runComparisonQuery = (federationId: string, runs: string[], query: ScoreQuery) =>
  queryOptions({
    queryKey: ["results", "runs", federationId, runs, query],
    queryFn: () => unwrap(api.compareRuns({ path: { federation_id: federationId }, query: { run: runs, ...query } })),
  });
