import { Anchor, Badge, Card, Group, Table, Text, Tooltip } from "@mantine/core";
import { IconDatabasePlus } from "@tabler/icons-react";
import type { SiteRecord } from "@/api";
import { LinkButton } from "@/components/links";
import { SiteMark } from "@/components/SiteMark";
import { StateBadge } from "@/components/StateBadge";
import { useNow } from "@/components/useNow";
import { formatAgo, formatDateTime } from "@/lib/format";
import { casesOf, doing, policyInShort, policySentences, SPLITS } from "@/lib/sites";

interface Props {
  sites: readonly SiteRecord[];
  federationId: string;
  onOpen: (slug: string) => void;
}

export function SitesTable({ sites, federationId, onOpen }: Props) {
  const now = useNow();
  return (
    <Card withBorder padding={0}>
      <Table.ScrollContainer minWidth={1040}>
        <Table data-testid="sites">
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Site</Table.Th>
              <Table.Th>State</Table.Th>
              <Table.Th>Last seen</Table.Th>
              <Table.Th>Hardware</Table.Th>
              <Table.Th>Policy</Table.Th>
              {SPLITS.map((split) => (
                <Table.Th key={split} ta="right" tt="capitalize">
                  {split}
                </Table.Th>
              ))}
              <Table.Th aria-label="Actions" />
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {sites.map((site) => (
              <Row key={site.id} site={site} federationId={federationId} now={now} onOpen={onOpen} />
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </Card>
  );
}

type RowProps = Omit<Props, "sites"> & { site: SiteRecord; now: number };

function Row({ site, federationId, now, onOpen }: RowProps) {
  const hasData = casesOf(site) > 0;
  const task = doing(site);
  return (
    <Table.Tr>
      <Table.Td maw={260}>
        <Group gap="xs" wrap="nowrap">
          <Anchor
            component="button"
            type="button"
            ta="left"
            miw={0}
            onClick={() => onOpen(site.slug)}
            title={site.name}
          >
            <SiteMark position={site.position} name={site.name} />
          </Anchor>
          {site.archived_at !== null && (
            <Badge size="sm" variant="default">
              Archived
            </Badge>
          )}
        </Group>
      </Table.Td>
      <Table.Td maw={240}>
        <StateBadge state={site.state} />
        {task && (
          <Text size="xs" c="dimmed" mt={2} lineClamp={2}>
            {task}
          </Text>
        )}
      </Table.Td>
      <Table.Td style={{ whiteSpace: "nowrap" }}>
        <Tooltip label={site.last_seen_at ? formatDateTime(site.last_seen_at) : "No worker has connected yet"}>
          <Text size="sm" c="dimmed" component="span">
            {formatAgo(site.last_seen_at, now)}
          </Text>
        </Tooltip>
      </Table.Td>
      <Table.Td maw={200}>
        <Text size="sm" lineClamp={2} title={site.hardware ?? undefined}>
          {site.hardware ?? "not known yet"}
        </Text>
      </Table.Td>
      <Table.Td maw={230}>
        <Text size="sm" lineClamp={2} title={policySentences(site.policy).join("\n")}>
          {policyInShort(site.policy)}
        </Text>
      </Table.Td>
      {SPLITS.map((split) => (
        <Table.Td key={split} ta="right">
          {hasData ? (site.num_cases[split] ?? 0) : "–"}
        </Table.Td>
      ))}
      <Table.Td ta="right">
        {site.archived_at === null && (
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
        )}
      </Table.Td>
    </Table.Tr>
  );
}
