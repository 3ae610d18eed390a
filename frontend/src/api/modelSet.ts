import type { CurrentModelSet } from "./generated/types.gen";

/** What a run's set of models and the facts of a registered version have in common. */
export type ModelSet = Omit<CurrentModelSet, "experiment_archived">;
