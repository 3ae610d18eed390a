/** Views of the runs table under names. A view is part of an address: a link hands it to somebody else. */

import * as v from "valibot";
import { type RunsSearch, runsSearch } from "./search";

export interface SavedView {
  name: string;
  search: RunsSearch;
}

const savedView = v.object({ name: v.pipe(v.string(), v.nonEmpty(), v.maxLength(60)), search: runsSearch });

/** What is kept in the browser. An entry that is no view is left out alone: the next save writes the list anew. */
export function readViews(kept: string | undefined): SavedView[] {
  return parsedList(kept).flatMap((entry) => {
    const read = v.safeParse(savedView, entry);
    return read.success ? [read.output] : [];
  });
}

/** The entries of a JSON list; none where it is another thing. */
function parsedList(kept: string | undefined): unknown[] {
  try {
    const parsed: unknown = JSON.parse(kept ?? "[]");
    return Array.isArray(parsed) ? parsed : [];
  } catch (error) {
    if (error instanceof SyntaxError) return [];
    throw error;
  }
}

/** What of an address is the table's, each key in its place, also where it is left out: so a view replaces all of it. */
export function viewOf(search: RunsSearch): RunsSearch {
  const keys = Object.keys(runsSearch.entries) as (keyof RunsSearch)[];
  return Object.fromEntries(keys.map((key) => [key, search[key]])) as RunsSearch;
}

/** The saved view that the table shows. */
export function shownView(saved: readonly SavedView[], search: RunsSearch): SavedView | undefined {
  const shown = JSON.stringify(viewOf(search));
  return saved.find((view) => JSON.stringify(viewOf(view.search)) === shown);
}

/** With this view, in the order of names; one of the same name is replaced. */
export function withView(saved: readonly SavedView[], view: SavedView): SavedView[] {
  const others = saved.filter(({ name }) => name !== view.name);
  return [...others, view].sort((left, right) => left.name.localeCompare(right.name, "en"));
}
