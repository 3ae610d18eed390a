import { queryOptions } from "@tanstack/react-query";
import { api, unwrap } from "@/api";

export const runHistoryQuery = (id: string) =>
  queryOptions({
    queryKey: ["run", id, "history"],
    queryFn: () => unwrap(api.getRunHistory({ path: { run_id: id } })),
  });

type Url = string | null | undefined;

/** Voxels of agreement and error of the structures; not asked for without both masks. */
export const errorCountsQuery = (referenceUrl: Url, predictionUrl: Url, structures: readonly number[]) =>
  queryOptions({
    queryKey: ["error-counts", referenceUrl, predictionUrl, structures],
    queryFn: async ({ signal }) => {
      const { countErrors } = await import("@/components/viewer/caseFiles");
      return await countErrors(referenceUrl ?? "", predictionUrl ?? "", structures, signal);
    },
    enabled: Boolean(referenceUrl && predictionUrl),
    staleTime: Number.POSITIVE_INFINITY,
  });

/** The axial slice with the most error; null where there is none. */
export const worstSliceQuery = (referenceUrl: Url, predictionUrl: Url, structures: readonly number[]) =>
  queryOptions({
    queryKey: ["worst-slice", referenceUrl, predictionUrl, structures],
    queryFn: async ({ signal }) => {
      const { worstSlice } = await import("@/components/viewer/caseFiles");
      return (await worstSlice(referenceUrl ?? "", predictionUrl ?? "", structures, signal)) ?? null;
    },
    enabled: Boolean(referenceUrl && predictionUrl),
    staleTime: Number.POSITIVE_INFINITY,
  });

/** How large the structures are in both masks; not asked for without both. */
export const sizesQuery = (referenceUrl: Url, predictionUrl: Url, count: number) =>
  queryOptions({
    queryKey: ["sizes", referenceUrl, predictionUrl, count],
    queryFn: async ({ signal }) => {
      const { measure } = await import("@/components/viewer/caseFiles");
      return await measure(referenceUrl ?? "", predictionUrl ?? "", count, signal);
    },
    enabled: Boolean(referenceUrl && predictionUrl),
    staleTime: Number.POSITIVE_INFINITY,
  });
