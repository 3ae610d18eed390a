import "@mantine/spotlight/styles.css";
import { createSpotlight, Spotlight, type SpotlightActionGroupData } from "@mantine/spotlight";
import { IconSearch } from "@tabler/icons-react";
import { useQueries, useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { experimentsQuery, federationsQuery, isPart } from "@/api";
import { useMaySomewhere } from "@/components/useMay";
import { searchQuery } from "@/features/help/queries";

const [store, spotlight] = createSpotlight();
const MAX_HITS = 30;
/** Of the first of them the experiments are fetched when the palette opens. */
const MAX_FEDERATIONS = 20;

/** Goes to any page, federation, experiment or section of the documentation by a few letters of its name.
 *  `asked` counts how often it was asked for. */
export default function Palette({ asked }: { asked: number }) {
  const [query, setQuery] = useState("");
  const { groups, nothing } = useGroups(query);
  useEffect(() => {
    if (asked > 0) spotlight.toggle();
  }, [asked]);
  return (
    <Spotlight
      store={store}
      actions={groups}
      query={query}
      onQueryChange={setQuery}
      shortcut={null}
      limit={MAX_HITS}
      scrollable
      maxHeight={480}
      nothingFound={nothing}
      searchProps={{
        leftSection: <IconSearch size={18} aria-hidden />,
        placeholder: "Go to a page, an experiment, or a section of the help",
        "aria-label": "Go to",
      }}
    />
  );
}

/** nothing: what is said where no entry has the letters. */
function useGroups(query: string): { groups: SpotlightActionGroupData[]; nothing: string } {
  const navigate = useNavigate();
  const federations = useQuery(federationsQuery);
  const active = (federations.data ?? []).filter(({ archived_at }) => archived_at === null);
  const experiments = useQueries({ queries: active.slice(0, MAX_FEDERATIONS).map(({ id }) => experimentsQuery(id)) });
  const documentation = useQuery(searchQuery);
  const follows = useMaySomewhere("follow");
  const managesMembers = useMaySomewhere("manage_members");
  const operates = useMaySomewhere("operate");

  const pages = [
    { id: "federations", label: "Federations", onClick: () => void navigate({ to: "/" }) },
    ...(operates ? [{ id: "storage", label: "Storage", onClick: () => void navigate({ to: "/storage" }) }] : []),
    ...(follows
      ? [{ id: "activity", label: "Activity", onClick: () => void navigate({ to: "/activity", search: {} }) }]
      : []),
    ...(managesMembers ? [{ id: "users", label: "Users", onClick: () => void navigate({ to: "/users" }) }] : []),
    { id: "tokens", label: "Access tokens", onClick: () => void navigate({ to: "/tokens" }) },
    { id: "help", label: "Documentation", onClick: () => void navigate({ to: "/help", search: {} }) },
  ];
  const places = active.flatMap(({ id, name }, index) => [
    {
      id: `federation-${id}`,
      label: name,
      description: "Federation",
      onClick: () => void navigate({ to: "/federations/$federationId", params: { federationId: id }, search: {} }),
    },
    ...(experiments[index]?.data ?? []).map((experiment) => ({
      id: `experiment-${experiment.id}`,
      label: experiment.name,
      description: `${experiment.archived_at === null ? "Experiment" : "Archived experiment"} of ${name}`,
      onClick: () =>
        void navigate({ to: "/experiments/$experimentId", params: { experimentId: experiment.id }, search: {} }),
    })),
  ]);
  const hits = query.trim().length < 2 ? [] : (documentation.data?.(query) ?? []).slice(0, 6);
  const sections = hits.map(({ section, excerpt }) => ({
    id: `section-${section.document}-${section.anchor}`,
    label: section.title,
    description: excerpt || section.documentTitle,
    // The search has chosen it already, by more than its title.
    keywords: query,
    onClick: () =>
      void navigate({
        to: "/help/$document",
        params: { document: section.document },
        hash: section.anchor || undefined,
        search: {},
      }),
  }));
  const groups = [
    { group: "Pages", actions: pages },
    { group: "Federations and experiments", actions: places },
    { group: "Help", actions: sections },
  ].filter(({ actions }) => actions.length > 0);
  return { groups, nothing: nothingFound(experiments) };
}

function nothingFound(lists: readonly { data?: unknown; error: Error | null }[]): string {
  const lacking = lists.filter(({ data }) => data === undefined || isPart(data));
  if (lacking.some(({ error }) => error)) return "Nothing of this name; but not all experiments could be loaded.";
  if (lacking.length > 0) return "Nothing of this name so far: experiments are still loading.";
  return "Nothing of this name. Try fewer letters.";
}
