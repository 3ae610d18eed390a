import { Button, Card, Group, SegmentedControl, Stack, Switch, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconBuildingHospital, IconPlus, IconTable, IconTopologyStar3 } from "@tabler/icons-react";
import { getRouteApi } from "@tanstack/react-router";
import type { FederationRecord } from "@/api";
import { Allowed } from "@/components/Allowed";
import { EmptyState } from "@/components/Feedback";
import { plural } from "@/lib/format";
import { casesOf, isActive, onlineSentence } from "@/lib/sites";
import { AddSiteModal } from "./AddSiteModal";
import { Hub } from "./Hub";
import { OpenApprovals } from "./OpenApprovals";
import { SiteDrawer } from "./SiteDrawer";
import { SitesTable } from "./SitesTable";
import type { SitesSearch } from "./search";

const route = getRouteApi("/federations/$federationId");

/** The sites as a table or as a picture; one of them opens its details. */
export function SitesPanel({ federation }: { federation: FederationRecord }) {
  const [opened, modal] = useDisclosure(false);
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const set = (change: Partial<SitesSearch>, replace = true) =>
    void navigate({ search: (old) => ({ ...old, ...change }), replace });
  const add = (
    <Allowed permission="manage_federations" federationId={federation.id} who="Sites are added by">
      <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={modal.open}>
        Add site
      </Button>
    </Allowed>
  );
  const sites = federation.sites.filter((site) => search.archived || isActive(site));
  const shown = federation.sites.find((site) => site.slug === search.site);
  const open = (slug: string) => set({ site: slug }, false);
  return (
    <Stack>
      <AddSiteModal federationId={federation.id} opened={opened} onClose={modal.close} />
      <SiteDrawer federation={federation} site={shown} onClose={() => set({ site: undefined })} />
      <OpenApprovals federationId={federation.id} />
      {federation.sites.length === 0 ? (
        <EmptyState icon={IconBuildingHospital} title="No site yet" action={add}>
          Add the institutions that hold the images. A simulated site is served by this machine's workers, a real one by
          the institution's own worker.
        </EmptyState>
      ) : (
        <>
          <Group justify="space-between">
            <Group gap="md">
              <ViewSwitch picture={search.picture} onChange={(picture) => set({ picture })} />
              <Text size="sm" c="dimmed">
                {onlineSentence(federation.sites)} ·{" "}
                {plural(
                  sites.reduce((sum, site) => sum + casesOf(site), 0),
                  "case",
                )}
              </Text>
              {!federation.sites.every(isActive) && (
                <Switch
                  size="sm"
                  label="Archived"
                  checked={search.archived ?? false}
                  onChange={(event) => set({ archived: event.currentTarget.checked || undefined })}
                />
              )}
            </Group>
            {add}
          </Group>
          {sites.length === 0 ? (
            <EmptyState icon={IconBuildingHospital} title="Every site is archived">
              Switch "Archived" on to see them, or add a site.
            </EmptyState>
          ) : search.picture ? (
            <Card withBorder>
              <Hub sites={sites} onOpen={open} />
            </Card>
          ) : (
            <SitesTable sites={sites} federationId={federation.id} onOpen={open} />
          )}
        </>
      )}
    </Stack>
  );
}

function ViewSwitch({ picture, onChange }: { picture?: boolean; onChange: (picture: true | undefined) => void }) {
  const label = (Icon: typeof IconTable, word: string) => (
    <Group gap={6} wrap="nowrap">
      <Icon size={16} aria-hidden />
      {word}
    </Group>
  );
  return (
    <SegmentedControl
      size="sm"
      aria-label="Sites as"
      value={picture ? "picture" : "table"}
      onChange={(next) => onChange(next === "picture" ? true : undefined)}
      data={[
        { value: "table", label: label(IconTable, "Table") },
        { value: "picture", label: label(IconTopologyStar3, "Picture") },
      ]}
    />
  );
}
