import { Badge, Button, Card, Group, Stack, Table, Text, Tooltip } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconBuildingHospital, IconDatabasePlus, IconPlus } from "@tabler/icons-react";
import type { FederationRecord, SiteRecord } from "@/api";
import { EmptyState } from "@/components/Feedback";
import { LinkButton } from "@/components/links";
import { SiteMark } from "@/components/SiteMark";
import { StateBadge } from "@/components/StateBadge";
import { useNow } from "@/components/useNow";
import { formatAgo, formatDateTime } from "@/lib/format";
import { AddSiteModal } from "./AddSiteModal";

export function SitesPanel({ federation }: { federation: FederationRecord }) {
  const [opened, modal] = useDisclosure(false);
  const add = (
    <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={modal.open}>
      Add site
    </Button>
  );
  return (
    <Stack>
      <AddSiteModal federationId={federation.id} opened={opened} onClose={modal.close} />
      {federation.sites.length === 0 ? (
        <EmptyState icon={IconBuildingHospital} title="No site yet" action={add}>
          Add the institutions that hold the images. A simulated site is served by this machine's workers, a real one by
          the institution's own worker.
        </EmptyState>
      ) : (
        <>
          <Group justify="flex-end">{add}</Group>
          <SitesTable federation={federation} />
        </>
      )}
    </Stack>
  );
}

function SitesTable({ federation }: { federation: FederationRecord }) {
  const now = useNow();
  return (
    <Card withBorder padding={0}>
      <Table.ScrollContainer minWidth={860}>
        <Table>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Site</Table.Th>
              <Table.Th>State</Table.Th>
              <Table.Th>Last seen</Table.Th>
              <Table.Th>Kind</Table.Th>
              <Table.Th>Hardware</Table.Th>
              <Table.Th ta="right">Train</Table.Th>
              <Table.Th ta="right">Val</Table.Th>
              <Table.Th ta="right">Test</Table.Th>
              <Table.Th />
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {federation.sites.map((site) => (
              <SiteRow key={site.id} site={site} federationId={federation.id} now={now} />
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </Card>
  );
}

function SiteRow({ site, federationId, now }: { site: SiteRecord; federationId: string; now: number }) {
  const hasData = Object.values(site.num_cases).some((count) => count > 0);
  return (
    <Table.Tr>
      <Table.Td>
        <SiteMark position={site.position} name={site.name} />
      </Table.Td>
      <Table.Td>
        <StateBadge state={site.state} />
      </Table.Td>
      <Table.Td>
        <Tooltip label={site.last_seen_at ? formatDateTime(site.last_seen_at) : "No worker has connected yet"}>
          <Text size="sm" c="dimmed" component="span">
            {formatAgo(site.last_seen_at, now)}
          </Text>
        </Tooltip>
      </Table.Td>
      <Table.Td>
        <Badge variant="default">{site.kind}</Badge>
      </Table.Td>
      <Table.Td>
        <Text size="sm">{site.hardware ?? "–"}</Text>
      </Table.Td>
      {(["train", "val", "test"] as const).map((split) => (
        <Table.Td key={split} ta="right">
          {hasData ? (site.num_cases[split] ?? 0) : "–"}
        </Table.Td>
      ))}
      <Table.Td ta="right">
        <LinkButton
          to="/federations/$federationId/datasets/new"
          params={{ federationId }}
          search={{ site: site.id }}
          size="compact-sm"
          variant={hasData ? "subtle" : "light"}
          leftSection={<IconDatabasePlus size={14} aria-hidden />}
        >
          Register data
        </LinkButton>
      </Table.Td>
    </Table.Tr>
  );
}
