/** Long lists page by page: no answer is large, and the first entries are on the screen before the last have come. */

import type { QueryClient, QueryKey } from "@tanstack/react-query";
import { ApiError } from "./client";

/** Entries of one answer. */
export const PAGE = 50;

export interface PageWish {
  limit: number;
  after: string | undefined;
}

/** The whole list. `onPart` gets what is there after each page but the last. An entry after which nothing follows any
 * more, because it was deleted meanwhile, starts the list anew. */
export async function allPages<Entry>(
  ask: (wish: PageWish) => Promise<Entry[]>,
  idOf: (entry: Entry) => string,
  onPart: (entries: Entry[]) => void = () => {},
  limit = PAGE,
): Promise<Entry[]> {
  let found: Entry[] = [];
  for (;;) {
    const last = found.at(-1);
    const page = await ask({ limit, after: last && idOf(last) }).catch((error: unknown) => {
      if (last && error instanceof ApiError && error.status === 422) return undefined;
      throw error;
    });
    if (!page) {
      found = [];
      continue;
    }
    found = found.concat(page);
    if (page.length < limit) return found;
    onPart(found);
  }
}

/** Shows the first pages of a list that is not on the screen yet; one that is stays whole until the new one is. */
export function showParts<Entry>(client: QueryClient, queryKey: QueryKey): ((entries: Entry[]) => void) | undefined {
  if (client.getQueryData(queryKey) !== undefined) return undefined;
  return (entries) => client.setQueryData(queryKey, entries);
}
