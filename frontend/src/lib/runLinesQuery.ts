import { type QueryClient, queryOptions } from "@tanstack/react-query";
import { api, unwrap } from "@/api";
import { type MeasuredLines, mergeLines, type RunMeasure, SPLITS } from "./runCurves";

/** What a run's curve is made of. Asks only for what is newer than what is at hand: a long run has many thousand numbers.
 * structure null: the mean over structures; losses have no other. */
export function runLinesQuery(id: string, measure: RunMeasure, structure: string | null, client: QueryClient) {
  const wanted = measure === "loss" ? null : structure;
  const queryKey = ["run", id, "lines", measure, wanted] as const;
  return queryOptions({
    queryKey,
    queryFn: async (): Promise<MeasuredLines> => {
      const known = client.getQueryData<MeasuredLines>(queryKey);
      const query = { name: measure, split: SPLITS[measure], structure: wanted ?? undefined, after: known?.lastId };
      return mergeLines(known, await unwrap(api.getRunCurves({ path: { run_id: id }, query })));
    },
    structuralSharing: false,
  });
}
