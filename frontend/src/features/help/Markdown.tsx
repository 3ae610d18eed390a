import { Anchor, Code, Typography } from "@mantine/core";
import type { Root } from "mdast";
import ReactMarkdown, { type Components } from "react-markdown";
import rehypeSlug from "rehype-slug";
import remarkGfm from "remark-gfm";
import { visit } from "unist-util-visit";
import { TextLink } from "@/components/links";
import { linkOf, OWN_ANCHOR, pictureAddress, START } from "./documents";
import classes from "./Markdown.module.css";

/** A document of the repository's docs/, without its first heading, which the page shows. */
export function Markdown({ name, markdown }: { name: string; markdown: string }) {
  const components: Components = {
    h1: () => null,
    a: ({ href = "", children }) => {
      const link = linkOf(href, name);
      if (link.kind === "web") {
        return (
          <Anchor href={link.address} target="_blank" rel="noreferrer">
            {children}
          </Anchor>
        );
      }
      if (link.kind === "source") return <Code>{href.replace(/^(\.\.\/)+/, "")}</Code>;
      const to = link.name === START ? "/help" : "/help/$document";
      return (
        <TextLink to={to} params={{ document: link.name }} hash={link.anchor}>
          {children}
        </TextLink>
      );
    },
    img: ({ src, alt }) => <img src={pictureAddress(String(src))} alt={alt} className={classes.picture} />,
    table: ({ children }) => (
      // biome-ignore lint/a11y/noNoninteractiveTabindex: a wide table is scrolled by keyboard
      <section className={classes.table} aria-label="Table" tabIndex={0}>
        <table>{children}</table>
      </section>
    ),
    pre: ({ children }) => (
      // biome-ignore lint/a11y/noNoninteractiveTabindex: long lines of code are scrolled by keyboard
      <pre tabIndex={0}>{children}</pre>
    ),
  };
  return (
    <Typography className={classes.document}>
      <ReactMarkdown remarkPlugins={[remarkGfm, remarkOwnAnchors]} rehypePlugins={[rehypeSlug]} components={components}>
        {markdown}
      </ReactMarkdown>
    </Typography>
  );
}

/** The only HTML of the documents. */
function remarkOwnAnchors() {
  return (tree: Root) =>
    visit(tree, "html", (node) => {
      const id = OWN_ANCHOR.exec(node.value)?.[1];
      if (id) Object.assign(node, { type: "paragraph", children: [], data: { hName: "div", hProperties: { id } } });
    });
}
