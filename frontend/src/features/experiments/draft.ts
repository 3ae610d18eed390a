/**
 * The experiment that somebody is setting up, kept in this browser until it is created or discarded: a draft is nobody
 * else's business, is checked by the backend at every change anyway, and leaves nothing there to be cleaned up. A copy
 * of another experiment is a draft of its own, so that it does not overwrite the one begun before.
 */

import type { Values } from "./formValues";

export interface DraftPlace {
  federationId: string;
  /** The experiment that the draft is a copy of. */
  clone?: string;
}

function keyOf({ federationId, clone }: DraftPlace): string {
  return `fedsm-draft-${federationId}${clone ? `-${clone}` : ""}`;
}

/** null where there is none. Fields that the contract has got since are as they start. */
export function readDraft(place: DraftPlace, starting: Values): Values | null {
  const text = localStorage.getItem(keyOf(place));
  if (text === null) return null;
  try {
    const kept = JSON.parse(text) as Partial<Values>;
    return Array.isArray(kept.strategies) ? { ...starting, ...kept } : null;
  } catch {
    dropDraft(place); // not JSON: nothing of it can be shown
    return null;
  }
}

export function keepDraft(place: DraftPlace, values: Values): void {
  localStorage.setItem(keyOf(place), JSON.stringify(values));
}

/** With what was made of it. */
export function dropDraft(place: DraftPlace): void {
  localStorage.removeItem(keyOf(place));
  localStorage.removeItem(madeKeyOf(place));
}

/** An experiment that was created from the draft before another of its sweep, or its own start, failed. */
export interface Made {
  id: string;
  name: string;
  started: boolean;
}

/** By what each was made of. */
export type MadeByKey = Readonly<Record<string, Made>>;

function madeKeyOf(place: DraftPlace): string {
  return `made-of-${keyOf(place)}`;
}

export function readMade(place: DraftPlace): MadeByKey {
  try {
    return JSON.parse(localStorage.getItem(madeKeyOf(place)) ?? "{}") as MadeByKey;
  } catch {
    return {}; // not JSON: it names no experiment
  }
}

export function keepMade(place: DraftPlace, made: MadeByKey): void {
  localStorage.setItem(madeKeyOf(place), JSON.stringify(made));
}

/** Calls with what another tab of this browser has made of the draft. Returns how to stop. */
export function watchDraft(place: DraftPlace, starting: Values, onChange: (values: Values) => void): () => void {
  const changed = (event: StorageEvent) => {
    if (event.key !== keyOf(place)) return;
    const values = readDraft(place, starting);
    if (values) onChange(values);
  };
  window.addEventListener("storage", changed);
  return () => window.removeEventListener("storage", changed);
}
