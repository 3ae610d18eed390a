/** Long lists page by page: no answer is large, and the first entries are on the screen before the last have come. */

import { type QueryClient, type QueryKey, replaceEqualDeep } from "@tanstack/react-query";
import { ApiError } from "./client";

/** Entries of one answer. */
export const PAGE = 50;

export interface PageWish {
  limit: number;
  after: string | undefined;
}

interface Options<Entry> {
  /** Gets what is there after each page but the last. */
  onPart?: (entries: Entry[]) => void;
  limit?: number;
  /** Of the query: once aborted, no page is asked for and no part is given. */
  signal?: AbortSignal;
}

/** The whole list. An entry after which nothing follows any more, because it was deleted meanwhile, starts the list
 * anew. */
export async function allPages<Entry>(
  ask: (wish: PageWish) => Promise<Entry[]>,
  idOf: (entry: Entry) => string,
  { onPart, limit = PAGE, signal }: Options<Entry> = {},
): Promise<Entry[]> {
  let found: Entry[] = [];
  for (;;) {
    signal?.throwIfAborted();
    const last = found.at(-1);
    const page = await ask({ limit, after: last && idOf(last) }).catch((error: unknown) => {
      if (last && error instanceof ApiError && error.status === 422) return undefined;
      throw error;
    });
    signal?.throwIfAborted();
    if (!page) {
      found = [];
      continue;
    }
    found = found.concat(page);
    if (page.length < limit) return found;
    onPart?.(found);
  }
}

const PARTS = new WeakSet<object>();

/** Whether it is the first pages of a list, of which the rest is still to come or could not be loaded. */
export function isPart(data: unknown): boolean {
  return typeof data === "object" && data !== null && PARTS.has(data);
}

/** Shows the first pages of a list that is not on the screen yet; one that is stays whole until the new one is. */
export function showParts<Entry>(client: QueryClient, queryKey: QueryKey): (entries: Entry[]) => void {
  return (entries) => {
    const shown = client.getQueryData<Entry[]>(queryKey);
    if (shown !== undefined && !(isPart(shown) && shown.length < entries.length)) return;
    PARTS.add(entries);
    client.setQueryData(queryKey, entries);
  };
}

/** For `structuralSharing`: a part is known by being the same object, so that nothing of it is put into another one. */
export function sharedButParts(before: unknown, now: unknown): unknown {
  return isPart(before) || isPart(now) ? now : replaceEqualDeep(before, now);
}
