/** The documentation, which the build takes from the repository's docs/: one Markdown for readers of both. */

import Slugger from "github-slugger";

const FOLDER = "../../../../docs/";
const loaders = import.meta.glob<string>("../../../../docs/*.md", { query: "?raw", import: "default" });
const pictures = import.meta.glob<string>("../../../../docs/images/**/*.png", {
  query: "?url",
  import: "default",
  eager: true,
});

/** The document that lists the others. */
export const START = "README";

export const DOCUMENTS: readonly string[] = Object.keys(loaders).map((path) =>
  path.slice(FOLDER.length, -".md".length),
);

/** Its Markdown; undefined where there is no such document. */
export async function readDocument(name: string): Promise<string | undefined> {
  return loaders[`${FOLDER}${name}.md`]?.();
}

/** The address of a picture that a document names by its path in docs/. */
export function pictureAddress(path: string): string | undefined {
  return pictures[`${FOLDER}${path}`];
}

export type DocumentLink =
  | { kind: "document"; name: string; anchor?: string }
  | { kind: "web"; address: string }
  /** A file of the source code, which the application does not carry. */
  | { kind: "source" };

/** Where a link leads that stands in the document `from`. */
export function linkOf(href: string, from: string): DocumentLink {
  if (/^https?:/.test(href)) return { kind: "web", address: href };
  const [path = "", anchor] = href.split("#");
  const name = path === "" ? from : /^([\w-]+)\.md$/.exec(path)?.[1];
  return name && DOCUMENTS.includes(name) ? { kind: "document", name, anchor } : { kind: "source" };
}

/** A heading of a document with the text below it, down to the next heading. */
export interface Section {
  document: string;
  /** The document's first heading. */
  documentTitle: string;
  level: number;
  title: string;
  /** Empty for the document's first heading. */
  anchor: string;
  text: string;
}

/** An anchor that a document sets by itself, on a line of its own above a heading. */
export const OWN_ANCHOR = /^<a id="([\w-]+)"><\/a>$/;

/** The sections of a document, in order. Lines of code that look like headings are none. */
export function sectionsOf(document: string, markdown: string): Section[] {
  const slugger = new Slugger();
  const sections: Section[] = [];
  let fenced = false;
  let own: string | undefined;
  for (const line of markdown.split("\n")) {
    if (line.startsWith("```")) fenced = !fenced;
    const heading = fenced ? null : /^(#{1,6}) +(.+)$/.exec(line);
    if (heading) {
      const title = plainText(heading[2] ?? "");
      const slug = slugger.slug(title);
      const anchor = own ?? slug;
      const level = heading[1]?.length ?? 1;
      const documentTitle = sections[0]?.documentTitle ?? title;
      sections.push({ document, documentTitle, level, title, anchor: sections.length ? anchor : "", text: "" });
      own = undefined;
    } else {
      own = (fenced ? null : OWN_ANCHOR.exec(line))?.[1] ?? (line === "" ? own : undefined);
      const last = sections.at(-1);
      if (last) last.text += `${line}\n`;
    }
  }
  return sections;
}

/** Markdown without its signs. */
export function plainText(markdown: string): string {
  return markdown
    .replace(/!?\[([^\]]*)\]\([^)]*\)/g, "$1")
    .replace(/[`*]/g, "")
    .trim();
}
