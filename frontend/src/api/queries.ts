/** The queries that several features use, with the keys under which live events find them. Those of one feature are in its `queries.ts`. */

import { queryOptions } from "@tanstack/react-query";
import { ApiError, unwrap } from "./client";
import * as api from "./generated/sdk.gen";
import type {
  CurrentModelSet,
  ExperimentRecord,
  ExperimentResults,
  RunCases,
  RunTestScores,
} from "./generated/types.gen";
import { allPages, sharedButParts, showParts } from "./pages";

const SESSION_RETRY_MS = 2_000;

export const sessionQuery = queryOptions({
  queryKey: ["session"],
  queryFn: () => unwrap(api.getSession()),
  retry: false,
  staleTime: Number.POSITIVE_INFINITY,
  // A backend that does not answer is asked again, so that the page comes back by itself.
  refetchInterval: ({ state }) =>
    state.error instanceof ApiError && state.error.status === 0 ? SESSION_RETRY_MS : false,
});

export const systemQuery = queryOptions({
  queryKey: ["system"],
  queryFn: () => unwrap(api.getSystem()),
  refetchInterval: 15_000,
});

export const federationsQuery = queryOptions({
  queryKey: ["federations"],
  queryFn: () => unwrap(api.listFederations()),
});

export const federationQuery = (id: string) =>
  queryOptions({
    queryKey: ["federation", id],
    queryFn: () => unwrap(api.getFederation({ path: { federation_id: id } })),
    // A site that goes quiet sends no event.
    refetchInterval: 15_000,
  });

export const datasetsQuery = (federationId: string) =>
  queryOptions({
    queryKey: ["datasets", federationId],
    queryFn: () => unwrap(api.listDatasets({ path: { federation_id: federationId } })),
  });

export const datasetQuery = (id: string) =>
  queryOptions({
    queryKey: ["dataset", id],
    queryFn: () => unwrap(api.getDataset({ path: { dataset_id: id } })),
    refetchInterval: (query) => (query.state.data?.status === "checking" ? 2_000 : false),
  });

export const casesQuery = (datasetId: string) =>
  queryOptions({
    queryKey: ["dataset", datasetId, "cases"],
    queryFn: () => unwrap(api.listCases({ path: { dataset_id: datasetId } })),
  });

/** `round`: how far the run is, so that each new round asks anew. */
export const runEffortQuery = (id: string, round: number) =>
  queryOptions({
    queryKey: ["run", id, "effort", round],
    queryFn: () => unwrap(api.getRunEffort({ path: { run_id: id } })),
  });

export const statisticsQuery = (federationId: string) =>
  queryOptions({
    queryKey: ["federation", federationId, "statistics"],
    queryFn: () => unwrap(api.getFederationStatistics({ path: { federation_id: federationId } })),
  });

export const leakageQuery = (federationId: string) =>
  queryOptions({
    queryKey: ["federation", federationId, "leakage"],
    queryFn: () => unwrap(api.getFederationLeakage({ path: { federation_id: federationId } })),
  });

export const alikeQuery = (federationId: string, datasetId?: string) =>
  queryOptions({
    queryKey: ["federation", federationId, "alike", datasetId ?? "all"],
    queryFn: () =>
      unwrap(
        api.listAlike({ path: { federation_id: federationId }, query: datasetId ? { dataset_id: datasetId } : {} }),
      ),
  });

/** A model set is of much: scores of cases, training data, files. */
const MODELS_PAGE = 20;

export const modelsQuery = (federationId: string) =>
  queryOptions({
    queryKey: ["federation", federationId, "models"],
    queryFn: ({ client, queryKey, signal }) =>
      allPages<CurrentModelSet>(
        (query) => unwrap(api.listModels({ path: { federation_id: federationId }, query, signal })),
        ({ run_id }) => run_id,
        { onPart: showParts(client, queryKey), limit: MODELS_PAGE, signal },
      ),
    structuralSharing: sharedButParts,
  });

/** Models under names, each with its versions. */
export const registeredModelsQuery = (federationId: string) =>
  queryOptions({
    queryKey: ["registered-models", federationId],
    queryFn: () => unwrap(api.listRegisteredModels({ path: { federation_id: federationId } })),
  });

export const experimentsQuery = (federationId: string) =>
  queryOptions({
    queryKey: ["experiments", federationId],
    queryFn: ({ client, queryKey, signal }) =>
      allPages<ExperimentRecord>(
        (query) => unwrap(api.listExperiments({ path: { federation_id: federationId }, query, signal })),
        ({ id }) => id,
        { onPart: showParts(client, queryKey), signal },
      ),
    structuralSharing: sharedButParts,
  });

/** The test scores of a federation's completed runs, or of one experiment's. */
export const testScoresQuery = (federationId: string, experimentId?: string) =>
  queryOptions({
    queryKey: ["test-scores", federationId, experimentId],
    queryFn: ({ signal }) =>
      allPages<RunTestScores>(
        ({ limit, after }) =>
          unwrap(
            api.listTestScores({
              path: { federation_id: federationId },
              query: { limit, after, experiment_id: experimentId },
              signal,
            }),
          ),
        ({ run_id }) => run_id,
        { signal },
      ),
  });

export const experimentQuery = (id: string) =>
  queryOptions({
    queryKey: ["experiment", id],
    queryFn: () => unwrap(api.getExperiment({ path: { experiment_id: id } })),
  });

/** What a table of results is about; without a structure, the mean over structures. */
export interface ScoreQuery {
  metric: ScoreName;
  checkpoint: Checkpoint;
  structure?: string;
}

export type Checkpoint = ExperimentResults["checkpoint"];
export type ScoreName = ExperimentResults["metric"];

export const runQuery = (id: string) =>
  queryOptions({
    queryKey: ["run", id],
    queryFn: () => unwrap(api.getRun({ path: { run_id: id } })),
  });

export const runCasesQuery = (id: string, split: RunCases["split"] = "test") =>
  queryOptions({
    queryKey: ["run", id, "cases", split],
    queryFn: () => unwrap(api.listRunCases({ path: { run_id: id }, query: { split } })),
  });
