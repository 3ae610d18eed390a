import { Code, Group, SimpleGrid, Stack, Switch, TextInput } from "@mantine/core";
import { IconPlus, IconSearch, IconSearchOff, IconTopologyStar3 } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { type FederationRecord, federationsQuery } from "@/api";
import { Allowed } from "@/components/Allowed";
import { EmptyState, Loaded } from "@/components/Feedback";
import { LinkButton } from "@/components/links";
import { Page } from "@/components/Page";
import { useMay } from "@/components/useMay";
import { plural } from "@/lib/format";
import { FederationCard } from "./FederationCard";
import { findFederations } from "./findFederations";
import { LatestResult } from "./LatestResult";
import type { FederationsSearch } from "./search";

const route = getRouteApi("/");
/** Fewer are seen at a glance. */
const MANY = 5;

export function FederationsPage() {
  const federations = useQuery(federationsQuery);
  const mayCreate = useMay("create_federations");
  const create = (
    <Allowed permission="create_federations" who="Federations are created by">
      <LinkButton to="/federations/new" leftSection={<IconPlus size={16} aria-hidden />}>
        New federation
      </LinkButton>
    </Allowed>
  );
  return (
    <Page
      title="Federations"
      subtitle="A federation is a group of sites that segment the same structures. Their images stay where they are."
      actions={create}
    >
      <Loaded query={federations}>
        {(all) =>
          all.length === 0 && !mayCreate ? (
            <EmptyState icon={IconTopologyStar3} title="No federation yet">
              You have a role in no federation: ask its coordinator for an invitation.
            </EmptyState>
          ) : all.length === 0 ? (
            <EmptyState icon={IconTopologyStar3} title="No federation yet" action={create}>
              Create one, add its sites, register each site's images and masks, and start an experiment. To look around
              first, start the platform with <Code>fedsm demo</Code>, or <Code>make demo</Code> in a checkout: it brings
              six sites with synthetic fundus photographs.
            </EmptyState>
          ) : (
            <List all={all} create={create} />
          )
        }
      </Loaded>
    </Page>
  );
}

function List({ all, create }: { all: FederationRecord[]; create: ReactNode }) {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const set = (change: FederationsSearch) => void navigate({ search: (old) => ({ ...old, ...change }), replace: true });
  const numArchived = all.filter((federation) => federation.archived_at !== null).length;
  const shown = findFederations(all, search);
  return (
    <Stack>
      <LatestResult />
      {(all.length >= MANY || numArchived > 0) && (
        <Group>
          {all.length >= MANY && (
            <TextInput
              aria-label="Find a federation"
              placeholder="Name, modality, structure or site"
              leftSection={<IconSearch size={16} aria-hidden />}
              w={320}
              value={search.find ?? ""}
              onChange={(event) => set({ find: event.currentTarget.value || undefined })}
            />
          )}
          {numArchived > 0 && (
            <Switch
              label={`Archived (${numArchived})`}
              checked={search.archived ?? false}
              onChange={(event) => set({ archived: event.currentTarget.checked || undefined })}
            />
          )}
        </Group>
      )}
      {shown.length === 0 ? (
        <NothingShown search={search} numArchived={numArchived} create={create} />
      ) : (
        <SimpleGrid cols={{ base: 1, sm: 2, lg: 3 }}>
          {shown.map((federation) => (
            <FederationCard key={federation.id} federation={federation} />
          ))}
        </SimpleGrid>
      )}
    </Stack>
  );
}

function NothingShown(props: { search: FederationsSearch; numArchived: number; create: ReactNode }) {
  if (props.search.find) {
    return (
      <EmptyState icon={IconSearchOff} title={`No federation matches "${props.search.find}"`}>
        Names, modalities, structures and sites were searched.
      </EmptyState>
    );
  }
  return (
    <EmptyState icon={IconTopologyStar3} title="No federation in use" action={props.create}>
      {plural(props.numArchived, "federation is", "federations are")} archived: switch "Archived" on to see them.
    </EmptyState>
  );
}
