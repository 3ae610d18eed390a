/** Runs of other experiments that the address names, as the comparison of runs links to them. */

import { useQueries } from "@tanstack/react-query";
import { type ExperimentRecord, experimentQuery, type RunRecord, runQuery } from "@/api";

const loaded = <T>(results: { data?: T | undefined }[]): T[] => results.flatMap(({ data }) => data ?? []);

/** Those of the runs that are not of the experiment, each named with its own; empty until they are loaded. */
export function useOtherExperiments(ids: readonly string[], experiment: ExperimentRecord): RunRecord[] {
  const elsewhere = ids.filter((id) => !experiment.runs.some((run) => run.id === id));
  const runs = useQueries({ queries: elsewhere.map(runQuery), combine: loaded<RunRecord> });
  const experiments = useQueries({
    queries: [...new Set(runs.map((run) => run.experiment_id))].map(experimentQuery),
    combine: loaded<ExperimentRecord>,
  });
  return runs.flatMap((run) => {
    const own = experiments.find(({ id }) => id === run.experiment_id);
    return own ? [{ ...run, strategy_label: `${run.strategy_label} of ${own.name}` }] : [];
  });
}
