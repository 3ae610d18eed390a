/** What a page shows first, asked for while the page's own code is still being fetched: else each request would wait for
 * the code, and for the answer before. What fails here, the page asks for again, and tells. */

import { experimentQuery, federationQuery, federationsQuery, runCasesQuery, runQuery, sessionQuery } from "@/api";
import { modelQuery } from "@/features/models/queries";
import { baselineOfVerdict } from "@/features/results/baseline";
import { comparisonQuery, provenanceQuery, resultsQuery, verdictQuery } from "@/features/results/queries";
import type { ResultsSearch } from "@/features/results/search";
import { tableQuery } from "@/features/results/useResultsSearch";
import { liveRunQuery, runCurvesQuery, runTasksQuery } from "@/features/runs/queries";
import { opensWithToken } from "@/features/session/useTokenFromUrl";
import { isOver } from "@/lib/status";
import { queryClient as client } from "./queryClient";

export type Ahead = "preload" | "enter" | "stay";

/** Asks when the page is opened: not when the pointer is above a link to it, and not of who is not signed in. */
function askFirst(cause: Ahead, ask: () => Promise<unknown>[] | Promise<unknown>): void {
  if (cause !== "enter") return;
  void isSignedIn()
    .then((isIn) => (isIn ? ask() : undefined))
    .catch(() => undefined);
}

async function isSignedIn(): Promise<boolean> {
  const known = client.getQueryData(sessionQuery.queryKey);
  if (known === undefined && opensWithToken) return false;
  const session = known ?? (await client.fetchQuery(sessionQuery));
  return !session.lacks_second_factor;
}

export const firstOfHome = (cause: Ahead) => askFirst(cause, () => client.prefetchQuery(federationsQuery));

export const firstOfFederation = (cause: Ahead, id: string) =>
  askFirst(cause, () => client.prefetchQuery(federationQuery(id)));

export const firstOfModel = (cause: Ahead, runId: string) =>
  askFirst(cause, () => client.prefetchQuery(modelQuery(runId)));

export const firstOfCases = (cause: Ahead, runId: string, split: "test" | "val" | undefined) =>
  askFirst(cause, async () => {
    void client.prefetchQuery(runCasesQuery(runId, split));
    const run = await client.fetchQuery(runQuery(runId));
    const experiment = await client.fetchQuery(experimentQuery(run.experiment_id));
    await client.prefetchQuery(federationQuery(experiment.federation_id));
  });

/** Of the results, or of the run that the address names. */
export const firstOfExperiment = (cause: Ahead, id: string, search: ResultsSearch & { run?: string | undefined }) =>
  askFirst(cause, async () => {
    void client.prefetchQuery(provenanceQuery(id));
    const table = tableQuery(search);
    if (search.run === "results") void client.prefetchQuery(resultsQuery(id, table));
    const experiment = await client.fetchQuery(experimentQuery(id));
    void client.prefetchQuery(federationQuery(experiment.federation_id));
    if (experiment.runs.some((run) => run.id === search.run)) return firstOfRun(search.run ?? "");
    if (search.run !== undefined || !experiment.runs.every(isOver)) return;
    void client.prefetchQuery(resultsQuery(id, table));
    if (experiment.kind === "test" || search.structure) return;
    const standard = baselineOfVerdict(await client.fetchQuery(verdictQuery(id, table)));
    if (!standard || search.alone || search.baseline) return;
    const { label: baseline, model } = standard;
    await client.prefetchQuery(comparisonQuery(id, { ...table, baseline, model }));
  });

function firstOfRun(id: string): void {
  void client.prefetchQuery(liveRunQuery(id));
  void client.prefetchQuery(runTasksQuery(id, client));
  void client.prefetchQuery(runCurvesQuery(id, client));
}
