/** Starting the dry runs of a sweep one after the other: where one is refused, those before it stay known. */

import type { ExperimentConfig } from "@/api";

/** What is asked of the backend, and of the page. */
export interface Calls {
  /** Answers the id. */
  start: (config: ExperimentConfig) => Promise<string>;
  cancel: (id: string) => Promise<unknown>;
  /** The ids so far: none at first, since those of an earlier try are over. */
  keep: (ids: string[]) => void;
  isStopped: () => boolean;
}

/** Once it is stopped it starts no more, and cancels the one whose start was under way. */
export async function startAll(configs: readonly ExperimentConfig[], calls: Calls): Promise<void> {
  let ids: string[] = [];
  calls.keep(ids);
  for (const config of configs) {
    if (calls.isStopped()) return;
    const id = await calls.start(config);
    if (calls.isStopped()) {
      await calls.cancel(id);
      return;
    }
    ids = [...ids, id];
    calls.keep(ids);
  }
}
