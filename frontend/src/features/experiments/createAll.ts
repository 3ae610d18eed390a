/** Creating the experiments of a sweep one after the other, so that a second try makes only what the first did not. */

import type { ExperimentConfig } from "@/api";
import type { Made, MadeByKey } from "./draft";

export interface Wanted {
  name: string;
  description: string;
  config: ExperimentConfig;
}

/** What is asked of the backend, and of what keeps the answers. */
export interface Calls {
  /** Answers the id. */
  create: (wanted: Wanted) => Promise<string>;
  start: (id: string) => Promise<unknown>;
  /** Whether the experiment is still there: somebody may have deleted it. */
  isThere: (id: string) => Promise<boolean>;
  keep: (made: MadeByKey) => void;
}

export function keyOf({ name, description, config }: Wanted): string {
  return JSON.stringify([name, description, config]);
}

/** Keeps each experiment as soon as there is one. Rejects with the first refusal, and leaves the rest alone. */
export async function createAll(
  wanted: readonly Wanted[],
  start: boolean,
  before: MadeByKey,
  calls: Calls,
): Promise<Made[]> {
  let made = before;
  const all: Made[] = [];
  for (const one of wanted) {
    const key = keyOf(one);
    const keep = (entry: Made) => {
      made = { ...made, [key]: entry };
      calls.keep(made);
      return entry;
    };
    const old = made[key];
    let entry =
      old && (await calls.isThere(old.id))
        ? old
        : keep({ id: await calls.create(one), name: one.name, started: false });
    if (start && !entry.started) {
      await calls.start(entry.id);
      entry = keep({ ...entry, started: true });
    }
    all.push(entry);
  }
  return all;
}

/** What of a sweep is there already. */
export interface Progress {
  numWanted: number;
  numMade: number;
  numStarted: number;
  /** Made of the draft as it was before it was changed. */
  numOthers: number;
}

export function progressOf(wanted: readonly Wanted[], made: MadeByKey): Progress {
  const all = Object.values(made);
  const own = all.length === 0 ? [] : wanted.flatMap((one) => made[keyOf(one)] ?? []);
  return {
    numWanted: wanted.length,
    numMade: own.length,
    numStarted: own.filter(({ started }) => started).length,
    numOthers: all.length - own.length,
  };
}
