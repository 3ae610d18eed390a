/** Experiments and their runs, as much of the records as lists and tabs show. */

const CREATED = "2026-01-02T10:00:00Z";

export function finishedRun(id: string, experimentId: string, label = "FedAvg") {
  return {
    id,
    experiment_id: experimentId,
    strategy: { name: "fedavg" },
    strategy_label: label,
    seed: 0,
    status: "completed",
    round: 5,
    num_rounds: 5,
    num_finished_rounds: 5,
    sites: ["aster"],
    best_round: 4,
    best_dice: 0.8,
    failure: null,
    failures: [],
    waits_for: [],
    eta_seconds: null,
    created_at: CREATED,
    started_at: CREATED,
    finished_at: "2026-01-02T11:00:00Z",
  };
}

/** Of one run, with its id as its name. */
export function finishedExperiment(id: string, changes: object = {}) {
  return {
    id,
    federation_id: "f1",
    name: id,
    description: "",
    kind: "training",
    status: "completed",
    archived_at: null,
    created_at: CREATED,
    created_by: "admin",
    started_at: CREATED,
    config: { strategies: [], seeds: [0] },
    runs: [finishedRun(`${id}-run`, id)],
    ...changes,
  };
}
