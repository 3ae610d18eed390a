import { Badge, Box, Card, Group, Stack, Text, Title } from "@mantine/core";
import type { FederationRecord } from "@/api";
import { Archived } from "@/components/Archived";
import { Isolated } from "@/components/Isolated";
import { TextLink } from "@/components/links";
import { SiteMark } from "@/components/SiteMark";
import { StateBadge } from "@/components/StateBadge";
import { plural } from "@/lib/format";
import { casesOf, isActive, onlineSentence, taskInShort } from "@/lib/sites";
import { FederationMenu } from "./FederationActions";
import classes from "./FederationCard.module.css";

const SHOWN_SITES = 6;

/** The whole card leads to the federation; its menu does not. */
export function FederationCard({ federation }: { federation: FederationRecord }) {
  const sites = federation.sites.filter(isActive);
  const cases = sites.reduce((sum, site) => sum + casesOf(site), 0);
  return (
    <Card withBorder className={classes.card}>
      <Stack gap="sm" h="100%">
        <Group justify="space-between" wrap="nowrap" align="flex-start">
          <Title order={2} size="h4" className={classes.title}>
            <TextLink
              inherit
              c="inherit"
              className={classes.link}
              to="/federations/$federationId"
              params={{ federationId: federation.id }}
              search={{}}
            >
              <Isolated>
                <Isolated>{federation.name}</Isolated>
              </Isolated>
            </TextLink>
          </Title>
          <Group gap={4} wrap="nowrap" className={classes.above}>
            {federation.archived_at !== null && <Archived />}
            <FederationMenu federation={federation} />
          </Group>
        </Group>
        {federation.description && (
          <Text size="sm" c="dimmed" lineClamp={2}>
            <Isolated>{federation.description}</Isolated>
          </Text>
        )}
        <Group gap="xs">
          <Badge variant="default">{federation.task.modality}</Badge>
          <Badge variant="default">{taskInShort(federation.task)}</Badge>
          {federation.task.structures.map((structure) => (
            <Badge key={structure.name} color="petrol" maw="100%">
              {structure.name}
            </Badge>
          ))}
        </Group>
        <Group gap="md">
          {sites.slice(0, SHOWN_SITES).map((site) => (
            <Box key={site.id} maw={170} title={site.name}>
              <SiteMark position={site.position} name={site.name} size="xs" />
            </Box>
          ))}
          {sites.length > SHOWN_SITES && (
            <Text size="xs" c="dimmed">
              and {sites.length - SHOWN_SITES} more
            </Text>
          )}
        </Group>
        <Group justify="space-between" mt="auto" gap="xs">
          <Text size="sm" c="dimmed">
            {sites.length === 0 ? "No site yet" : onlineSentence(federation.sites)} · {plural(cases, "case")} ·{" "}
            {plural(federation.num_experiments, "experiment")}
          </Text>
          {federation.num_running > 0 && (
            <Group gap={6} wrap="nowrap">
              <StateBadge state="running" size="sm" />
              <Text size="sm">{plural(federation.num_running, "experiment")}</Text>
            </Group>
          )}
        </Group>
      </Stack>
    </Card>
  );
}
