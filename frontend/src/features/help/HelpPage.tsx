import { Box, Group, Stack, Text, TextInput } from "@mantine/core";
import { IconBook, IconSearch, IconSearchOff } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useLocation, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useEffect } from "react";
import { ALL_FEDERATIONS, type Crumb } from "@/components/crumbs";
import { EmptyState, Loaded, RowsSkeleton } from "@/components/Feedback";
import { LinkButton, TextLink } from "@/components/links";
import { Page } from "@/components/Page";
import { type Section, START, sectionsOf } from "./documents";
import classes from "./HelpPage.module.css";
import { Markdown } from "./Markdown";
import { documentQuery, searchQuery } from "./queries";

const DOCUMENTATION: Crumb = { label: "Documentation", link: { to: "/help" } };

/** The documentation: its list of documents, one document, or what a search found. */
export function HelpPage() {
  const { document = START } = useParams({ strict: false });
  const { find } = useSearch({ strict: false }) as { find?: string };
  const read = useQuery(documentQuery(document));
  const sections = read.data ? sectionsOf(document, read.data) : [];
  const title = sections[0]?.title ?? "Documentation";
  return (
    <Page
      title={title}
      documentTitle={document === START ? "Documentation" : `${title} · Documentation`}
      crumbs={document === START ? [ALL_FEDERATIONS] : [ALL_FEDERATIONS, DOCUMENTATION]}
    >
      <SearchField find={find} />
      {find ? (
        <Hits query={find} />
      ) : (
        <Loaded query={read} skeleton={<RowsSkeleton rows={8} height={40} />}>
          {(markdown) =>
            markdown === null ? (
              <EmptyState
                icon={IconBook}
                title={`There is no document ${document}`}
                action={<LinkButton to="/help">All documents</LinkButton>}
              >
                It may have another name in this version.
              </EmptyState>
            ) : (
              <Document key={document} name={document} markdown={markdown} sections={sections} />
            )
          }
        </Loaded>
      )}
    </Page>
  );
}

function Document(props: { name: string; markdown: string; sections: readonly Section[] }) {
  useScrollToAnchor();
  return (
    <Group align="flex-start" wrap="nowrap" gap="xl">
      <Markdown name={props.name} markdown={props.markdown} />
      <Contents sections={props.sections} />
    </Group>
  );
}

function SearchField({ find }: { find?: string }) {
  const navigate = useNavigate();
  return (
    <TextInput
      type="search"
      aria-label="Search the documentation"
      placeholder="Search the documentation"
      leftSection={<IconSearch size={16} aria-hidden />}
      maw={480}
      value={find ?? ""}
      onChange={({ currentTarget }) =>
        void navigate({ to: ".", search: { find: currentTarget.value || undefined }, replace: true })
      }
    />
  );
}

function Hits({ query }: { query: string }) {
  const search = useQuery(searchQuery);
  return (
    <Loaded query={search} skeleton={<RowsSkeleton rows={5} height={56} />}>
      {(find) => {
        const hits = find(query);
        if (hits.length === 0)
          return (
            <EmptyState icon={IconSearchOff} title={`Nothing found for “${query}”`}>
              Try fewer words, or look through the <TextLink to="/help">list of documents</TextLink>.
            </EmptyState>
          );
        return (
          <Stack component="ol" gap="md" maw={860} p={0} m={0} className={classes.hits}>
            {hits.map(({ section, excerpt }) => (
              <li key={`${section.document}#${section.anchor}`}>
                <TextLink to="/help/$document" params={{ document: section.document }} hash={section.anchor} fw={600}>
                  {section.title}
                </TextLink>
                <Text size="sm" c="dimmed">
                  {section.documentTitle}
                </Text>
                <Text size="sm">{excerpt}</Text>
              </li>
            ))}
          </Stack>
        );
      }}
    </Loaded>
  );
}

function Contents({ sections }: { sections: readonly Section[] }) {
  const listed = sections.filter(({ level }) => level === 2);
  if (listed.length < 2) return null;
  return (
    <Box component="nav" aria-label="On this page" className={classes.contents}>
      <Text size="sm" fw={600} mb="xs">
        On this page
      </Text>
      <Stack gap={6}>
        {listed.map(({ title, anchor }) => (
          <TextLink key={anchor} to="." hash={anchor} size="sm" c="dimmed">
            {title}
          </TextLink>
        ))}
      </Stack>
    </Box>
  );
}

/** For what is drawn with the anchor: the router looks for it before a document that is still on its way is there. */
function useScrollToAnchor(): void {
  const hash = useLocation({ select: (location) => location.hash });
  useEffect(() => {
    if (hash) document.getElementById(hash)?.scrollIntoView();
  }, [hash]);
}
