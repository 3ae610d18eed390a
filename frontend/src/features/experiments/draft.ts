/** The experiment that somebody is setting up, kept in this browser until it is created or discarded. */

import type { Values } from "./formValues";

const key = (federationId: string) => `fedsm-draft-${federationId}`;

/** null where there is none. Fields that the contract has got since are as they start. */
export function readDraft(federationId: string, starting: Values): Values | null {
  const text = localStorage.getItem(key(federationId));
  if (text === null) return null;
  try {
    const kept = JSON.parse(text) as Partial<Values>;
    return Array.isArray(kept.strategies) ? { ...starting, ...kept } : null;
  } catch {
    dropDraft(federationId); // not JSON: nothing of it can be shown
    return null;
  }
}

export function keepDraft(federationId: string, values: Values): void {
  localStorage.setItem(key(federationId), JSON.stringify(values));
}

export function dropDraft(federationId: string): void {
  localStorage.removeItem(key(federationId));
}
