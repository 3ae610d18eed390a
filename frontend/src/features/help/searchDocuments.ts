/** Search in the documentation, without a server. The documents are fetched once, at the first search. */

import MiniSearch from "minisearch";
import { DOCUMENTS, plainText, readDocument, type Section, sectionsOf } from "./documents";

export interface Hit {
  section: Section;
  /** The words around the first that was found. */
  excerpt: string;
}

const MAX_HITS = 12;
const WORDS_BEFORE = 8;
const WORDS_IN_ALL = 28;

export type Search = (query: string) => Hit[];

/** The best sections come first; a heading counts more than the text below it. */
export async function loadSearch(): Promise<Search> {
  const documents = await Promise.all(
    DOCUMENTS.map(async (name) => sectionsOf(name, (await readDocument(name)) ?? "")),
  );
  return searchIn(documents.flat());
}

export function searchIn(sections: readonly Section[]): Search {
  const index = new MiniSearch<{ id: number; title: string; documentTitle: string; text: string }>({
    fields: ["title", "documentTitle", "text"],
    searchOptions: {
      boost: { title: 4, documentTitle: 2 },
      prefix: true,
      combineWith: "AND",
      fuzzy: (term) => (term.length > 4 ? 0.2 : false),
    },
  });
  index.addAll(sections.map(({ title, documentTitle, text }, id) => ({ id, title, documentTitle, text })));
  return (query) =>
    index
      .search(query)
      .slice(0, MAX_HITS)
      .flatMap(({ id, match }) => {
        const section = sections[id as number];
        return section ? [{ section, excerpt: excerptOf(section.text, Object.keys(match)) }] : [];
      });
}

function excerptOf(text: string, found: readonly string[]): string {
  const words = plainText(text.replace(/[|#>]|```\w*/g, " "))
    .split(/\s+/)
    .filter((word) => /[\p{L}\p{N}]/u.test(word));
  const at = words.findIndex((word) => found.some((term) => word.toLowerCase().includes(term)));
  const from = Math.max(0, at - WORDS_BEFORE);
  const shown = words.slice(from, from + WORDS_IN_ALL).join(" ");
  return `${from > 0 ? "… " : ""}${shown}${from + WORDS_IN_ALL < words.length ? " …" : ""}`;
}
