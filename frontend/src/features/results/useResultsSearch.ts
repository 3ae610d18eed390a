import { getRouteApi } from "@tanstack/react-router";
import type { ScoreQuery } from "@/api";
import { STANDARD_METRIC } from "@/lib/metrics";
import type { ExperimentSearch } from "@/lib/urlState";

const route = getRouteApi("/experiments/$experimentId");

export type Update = (change: ExperimentSearch) => void;

/** The address is the only state of the results; a change replaces it, so that Back leaves the page. */
export function useResultsSearch(): [ExperimentSearch, Update] {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  return [
    search,
    (change) => void navigate({ search: (old) => ({ ...old, ...change }), replace: true, resetScroll: false }),
  ];
}

/** What the address asks of every table; a structure that the task does not have is no structure. */
export function scoreQuery(search: ExperimentSearch, structures: readonly string[]): ScoreQuery {
  const structure = structures.find((name) => name === search.structure);
  return { ...tableQuery(search), ...(structure === undefined ? {} : { structure }) };
}

export function tableQuery(search: ExperimentSearch): Pick<ScoreQuery, "metric" | "checkpoint"> {
  return { metric: search.metric ?? STANDARD_METRIC, checkpoint: search.checkpoint ?? "best" };
}
