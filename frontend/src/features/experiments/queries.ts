import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { api, type ExperimentConfig, type SweepCreate, unwrap } from "@/api";
import type { JsonSchema } from "@/lib/schema";

const DRY_RUN_POLL_MS = 700;

export const experimentSchemaQuery = queryOptions({
  queryKey: ["experiment-schema"],
  queryFn: async () => (await unwrap(api.getExperimentSchema())) as JsonSchema,
  staleTime: Number.POSITIVE_INFINITY,
});

/** The package's own; they change with the version only. */
export const experimentTemplatesQuery = queryOptions({
  queryKey: ["experiment-templates"],
  queryFn: () => unwrap(api.listExperimentTemplates()),
  staleTime: Number.POSITIVE_INFINITY,
});

/** FedSM's settings that are set together, as they fit the sites that train and the rounds, where these are a number. */
export const methodPresetsQuery = (federationId: string, heldOut: readonly string[], rounds: unknown) => {
  const query = { held_out: [...heldOut], ...(Number.isInteger(rounds) && { rounds: Number(rounds) }) };
  return queryOptions({
    queryKey: ["method-presets", federationId, query],
    queryFn: () => unwrap(api.listMethodPresets({ path: { federation_id: federationId }, query })),
    placeholderData: keepPreviousData,
    staleTime: 30_000,
  });
};

/** What the backend says of the configuration as it stands, without creating anything. */
export const experimentCheckQuery = (federationId: string, config: ExperimentConfig) =>
  queryOptions({
    queryKey: ["experiment-check", federationId, config],
    queryFn: () => unwrap(api.checkExperiment({ path: { federation_id: federationId }, body: { config } })),
    enabled: config.strategies.length > 0,
    retry: false,
    placeholderData: keepPreviousData,
    staleTime: 30_000,
  });

/** What a grid over settings would make, without creating anything. */
export const sweepPlanQuery = (federationId: string, body: SweepCreate) =>
  queryOptions({
    queryKey: ["sweep-plan", federationId, body],
    queryFn: () => unwrap(api.planSweep({ path: { federation_id: federationId }, body })),
    enabled: body.axes.length > 0 && body.config.strategies.length > 0,
    retry: false,
    placeholderData: keepPreviousData,
    staleTime: 30_000,
  });

/** Asks again while it runs; not at all without an id. */
export const dryRunQuery = (id: string | null) =>
  queryOptions({
    queryKey: ["dry-run", id],
    queryFn: () => unwrap(api.getDryRun({ path: { dry_run_id: id ?? "" } })),
    enabled: id !== null,
    refetchInterval: ({ state }) =>
      state.data === undefined || state.data.status === "running" ? DRY_RUN_POLL_MS : false,
  });
