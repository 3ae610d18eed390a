import { Fragment } from "react";
import { TextLink } from "./links";

/** A document as the contract's texts name it: `docs/runs.md`, `docs/runs.md#retention`. */
const DOCUMENT = /docs\/[\w-]+\.md(?:#[\w-]+)?/g;

/** The documents that a text names, each once. */
export function documentsIn(text: string): string[] {
  return [...new Set(text.match(DOCUMENT) ?? [])];
}

/** The text for where no link can stand, such as a tooltip. */
export function withoutPaths(text: string): string {
  return text.replace(DOCUMENT, (path) => `help: ${nameOf(path)}`);
}

/** A text of the contract; the documents that it names are links into the help. */
export function HelpText({ children }: { children: string }) {
  const documents = children.match(DOCUMENT) ?? [];
  return children.split(DOCUMENT).map((words, place) => {
    const path = documents[place];
    return (
      // biome-ignore lint/suspicious/noArrayIndexKey: the parts of a text never change places
      <Fragment key={place}>
        {words}
        {path && <DocumentLink path={path} />}
      </Fragment>
    );
  });
}

/** It opens in a tab of its own, because what is read in a form is not given up for it. */
export function DocumentLink({ path }: { path: string }) {
  const [, anchor] = path.split("#");
  return (
    <TextLink
      to="/help/$document"
      params={{ document: nameOf(path) }}
      hash={anchor}
      search={{}}
      target="_blank"
      inherit
      underline="always"
      style={{ whiteSpace: "nowrap" }}
    >
      help: {nameOf(path)}
    </TextLink>
  );
}

/** `docs/runs.md#retention` as `runs`. */
function nameOf(path: string): string {
  return path.slice("docs/".length, path.indexOf(".md"));
}
