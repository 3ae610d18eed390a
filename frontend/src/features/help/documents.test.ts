import { describe, expect, it } from "vitest";
import { DOCUMENTS, linkOf, pictureAddress, readDocument, sectionsOf } from "./documents";
import { loadSearch, searchIn } from "./searchDocuments";

const everyDocument = async () =>
  Promise.all(DOCUMENTS.map(async (name) => [name, (await readDocument(name)) ?? ""] as const));

describe("documents", () => {
  it("come from the repository's docs", async () => {
    expect(DOCUMENTS).toContain("results");
    expect(await readDocument("README")).toMatch(/^# Documentation/);
    expect(await readDocument("absent")).toBeUndefined();
  });

  it("have the sections that their headings name, and none in code", () => {
    const sections = sectionsOf("a", "# A `title`\nfirst\n## One\n```\n# no heading\n```\n## One\nlast");
    expect(sections.map(({ title, anchor, level }) => [title, anchor, level])).toEqual([
      ["A title", "", 1],
      ["One", "one", 2],
      ["One", "one-1", 2],
    ]);
    expect(sections.every(({ documentTitle }) => documentTitle === "A title")).toBe(true);
    expect(sections[1]?.text).toContain("# no heading");
  });

  it("may set an anchor of their own", () => {
    const text = '# A\n<a id="own"></a>\n\n### Some title\n## Other';
    expect(sectionsOf("a", text).map(({ anchor }) => anchor)).toEqual(["", "own", "other"]);
  });

  it("link to documents, to the web, and to source code that is not here", () => {
    expect(linkOf("runs.md#retention", "data")).toEqual({ kind: "document", name: "runs", anchor: "retention" });
    expect(linkOf("#repairs", "data")).toEqual({ kind: "document", name: "data", anchor: "repairs" });
    expect(linkOf("../worker/engine/README.md", "data")).toEqual({ kind: "source" });
    expect(linkOf("https://example.org/a.md", "data")).toEqual({ kind: "web", address: "https://example.org/a.md" });
  });

  it("link only to sections and pictures that exist", async () => {
    const documents = await everyDocument();
    const anchors = new Map(
      documents.map(([name, text]) => [name, new Set(sectionsOf(name, text).map(({ anchor }) => anchor))]),
    );
    const broken: string[] = [];
    for (const [name, text] of documents) {
      for (const [, isPicture, href = ""] of text.matchAll(/(!?)\[[^\]]*\]\(([^)\s]+)\)/g)) {
        const link = linkOf(href, name);
        if (
          isPicture
            ? !pictureAddress(href)
            : link.kind === "document" && link.anchor && !anchors.get(link.name)?.has(link.anchor)
        )
          broken.push(`${name}: ${href}`);
        if (link.kind === "source" && /^[\w-]+\.md/.test(href)) broken.push(`${name}: ${href}`);
      }
    }
    expect(broken).toEqual([]);
  });
});

/** The sources of the screens, whose links into the help are written as texts. */
const SOURCES = import.meta.glob<string>("/src/**/*.tsx", { query: "?raw", import: "default" });

describe("links into the help", () => {
  it("lead to documents and sections that exist", async () => {
    const anchors = new Map(
      (await everyDocument()).map(([name, text]) => [name, sectionsOf(name, text).map(({ anchor }) => anchor)]),
    );
    const targets: string[] = [];
    for (const read of Object.values(SOURCES)) {
      const source = await read();
      targets.push(...[...source.matchAll(/(?:<HelpLink to|\bhelp)="([^"]+)"/g)].map((match) => match[1] ?? ""));
      for (const [, name, anchor] of source.matchAll(/params=\{\{ document: "([\w-]+)" \}\}(?:\s+hash="([\w-]+)")?/g))
        targets.push(anchor ? `${name}#${anchor}` : (name ?? ""));
    }
    expect(targets.length).toBeGreaterThan(10);
    const broken = targets.filter((target) => {
      const [name = "", anchor = ""] = target.split("#");
      return !anchors.get(name)?.includes(anchor);
    });
    expect(broken).toEqual([]);
  });
});

describe("search", () => {
  it("puts a heading before a text, and shows the words around what it found", () => {
    const sections = sectionsOf("a", "# Doc\n## Other\nabout retention of models\n## Retention\nwhat is kept");
    const hits = searchIn(sections)("retention");
    expect(hits.map(({ section }) => section.title)).toEqual(["Retention", "Other"]);
    expect(hits[1]?.excerpt).toBe("about retention of models");
  });

  it("finds beginnings and small errors, and nothing for nonsense", async () => {
    const find = await loadSearch();
    expect(find("quorum")[0]?.section.document).toBe("runs");
    expect(find("quor").length).toBeGreaterThan(0);
    expect(find("thresold").length).toBeGreaterThan(0);
    expect(find("xyzzyx")).toEqual([]);
  });
});
