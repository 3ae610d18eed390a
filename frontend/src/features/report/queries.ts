import { queryOptions } from "@tanstack/react-query";
import { api, unwrap } from "@/api";

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
