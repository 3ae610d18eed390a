import { getRouteApi } from "@tanstack/react-router";
import { useCallback, useMemo } from "react";
import type { ScoreQuery } from "@/api";
import { STANDARD_METRIC } from "@/lib/metrics";
import type { ResultsSearch } from "./search";

const route = getRouteApi("/experiments/$experimentId");

export type Update = (change: ResultsSearch) => void;

/** The address is the only state of the results; a change replaces it, so that Back leaves the page. */
export function useResultsSearch(): [ResultsSearch, Update] {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const update = useCallback<Update>(
    (change) => void navigate({ search: (old) => ({ ...old, ...change }), replace: true, resetScroll: false }),
    [navigate],
  );
  return [search, update];
}

/**
 * What the address asks of every table; a structure that the task does not have is no structure. The same object as
 * long as the question is the same: the tables are large.
 */
export function useScoreQuery(search: ResultsSearch, structures: readonly string[]): ScoreQuery {
  const { metric, checkpoint } = tableQuery(search);
  const structure = structures.find((name) => name === search.structure);
  return useMemo(
    () => ({ metric, checkpoint, ...(structure === undefined ? {} : { structure }) }),
    [metric, checkpoint, structure],
  );
}

export function tableQuery(search: ResultsSearch): Pick<ScoreQuery, "metric" | "checkpoint"> {
  return { metric: search.metric ?? STANDARD_METRIC, checkpoint: search.checkpoint ?? "best" };
}
