import { queryOptions } from "@tanstack/react-query";
import { api, unwrap } from "@/api";

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
