/** The list of events without what says the same again. */

import type { EventRecord } from "@/api";

export interface Folded {
  /** The newest of them. */
  event: EventRecord;
  times: number;
}

/** What the same person did again on the same day, as signing in, is one row; everything else is a row each. Newest first. */
export function folded(events: readonly EventRecord[]): Folded[] {
  const rows: Folded[] = [];
  const known = new Map<string, Folded>();
  for (const event of events) {
    const key = event.kind === "user" ? JSON.stringify([new Date(event.at).toDateString(), event.message]) : undefined;
    const before = key === undefined ? undefined : known.get(key);
    if (before) {
      before.times += 1;
      continue;
    }
    const row = { event, times: 1 };
    if (key !== undefined) known.set(key, row);
    rows.push(row);
  }
  return rows;
}
