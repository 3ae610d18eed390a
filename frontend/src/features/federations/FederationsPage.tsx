import { Badge, Group, SimpleGrid, Stack, Text, Title } from "@mantine/core";
import { IconPlus, IconTopologyStar3 } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { type FederationRecord, federationsQuery } from "@/api";
import { EmptyState, Loaded } from "@/components/Feedback";
import { LinkButton, LinkCard } from "@/components/links";
import { Page } from "@/components/Page";
import { SiteMark } from "@/components/SiteMark";
import { plural } from "@/lib/format";

export function FederationsPage() {
  const federations = useQuery(federationsQuery);
  const create = (
    <LinkButton to="/federations/new" leftSection={<IconPlus size={16} aria-hidden />}>
      New federation
    </LinkButton>
  );
  return (
    <Page
      title="Federations"
      subtitle="A federation is a group of sites that segment the same structures. Their images stay where they are."
      actions={create}
    >
      <Loaded query={federations}>
        {(all) => {
          const shown = all.filter((federation) => federation.archived_at === null);
          if (shown.length === 0) {
            return (
              <EmptyState icon={IconTopologyStar3} title="No federation yet" action={create}>
                Create one, add its sites, register each site's images and masks, and start an experiment. To look
                around first, start the platform with <b>fedsm demo</b>: it brings four sites with synthetic fundus
                photographs.
              </EmptyState>
            );
          }
          return (
            <SimpleGrid cols={{ base: 1, sm: 2, lg: 3 }}>
              {shown.map((federation) => (
                <FederationCard key={federation.id} federation={federation} />
              ))}
            </SimpleGrid>
          );
        }}
      </Loaded>
    </Page>
  );
}

function FederationCard({ federation }: { federation: FederationRecord }) {
  const cases = federation.sites
    .flatMap((site) => Object.values(site.num_cases))
    .reduce((sum, count) => sum + count, 0);
  return (
    <LinkCard withBorder className="plain" to="/federations/$federationId" params={{ federationId: federation.id }}>
      <Stack gap="sm" h="100%">
        <Title order={2} size="h4" className="title">
          {federation.name}
        </Title>
        {federation.description && (
          <Text size="sm" c="dimmed" lineClamp={2}>
            {federation.description}
          </Text>
        )}
        <Group gap="xs">
          <Badge variant="default">{federation.task.modality}</Badge>
          {federation.task.structures.map((structure) => (
            <Badge key={structure.name} color="petrol">
              {structure.name}
            </Badge>
          ))}
        </Group>
        <Group gap="md">
          {federation.sites.slice(0, 6).map((site) => (
            <SiteMark key={site.id} position={site.position} name={site.name} size="xs" />
          ))}
          {federation.sites.length > 6 && (
            <Text size="xs" c="dimmed">
              and {federation.sites.length - 6} more
            </Text>
          )}
        </Group>
        <Text size="sm" c="dimmed" mt="auto">
          {plural(federation.sites.length, "site")} · {plural(cases, "case")} ·{" "}
          {plural(federation.num_experiments, "experiment")}
        </Text>
      </Stack>
    </LinkCard>
  );
}
