import { Anchor, Badge, Card, Group, Table, Text, Tooltip } from "@mantine/core";
import { IconDatabasePlus } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import type { SiteRecord } from "@/api";
import { Allowed } from "@/components/Allowed";
import { LinkButton } from "@/components/links";
import { SiteMark } from "@/components/SiteMark";
import { StateBadge } from "@/components/StateBadge";
import { useNow } from "@/components/useNow";
import { formatAgo, formatDateTime } from "@/lib/format";
import {
  casesOf,
  doing,
  kindInWords,
  linkInWords,
  ownPolicySentences,
  policyInShort,
  policySentences,
  SPLITS,
  sendsLess,
} from "@/lib/sites";
import { sentQuery } from "./queries";

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

/** What a site had sent before its policy forbade it is hidden, and still there until somebody deletes it. */
function PolicyInShort({ site }: { site: SiteRecord }) {
  const { data: sent } = useQuery({ ...sentQuery(site.id), enabled: sendsLess(site.policy) });
  const own = site.link?.own_policy && ownPolicySentences(site.link.own_policy).join(" ");
  const sentBefore =
    sent !== undefined && sent.num_thumbnails + sent.num_images + sent.num_predictions + sent.num_report_pictures > 0;
  return (
    <>
      <Text size="sm" lineClamp={2} title={policySentences(site.policy).join("\n")}>
        {policyInShort(site.policy, sentBefore)}
      </Text>
      {own && (
        <Text size="xs" c="dimmed" lineClamp={3} title={own}>
          By its own policy: {own}
        </Text>
      )}
      {sentBefore && (
        <Text size="xs" c="dimmed">
          Those sent before are hidden, and kept until you delete them.
        </Text>
      )}
    </>
  );
}

type RowProps = Omit<Props, "sites"> & { site: SiteRecord; now: number };

function Row({ site, federationId, now, onOpen }: RowProps) {
  const hasData = casesOf(site) > 0;
  const note = doing(site) ?? (site.archived_at === null ? (linkInWords(site) ?? site.unserved) : null);
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
        {site.kind === "simulated" && (
          <Text size="xs" c="dimmed" ml={22}>
            {kindInWords(site)}
          </Text>
        )}
      </Table.Td>
      <Table.Td maw={240}>
        <StateBadge state={site.state} />
        {note && (
          <Text size="xs" c="dimmed" mt={2} lineClamp={3} title={note}>
            {note}
          </Text>
        )}
      </Table.Td>
      <Table.Td style={{ whiteSpace: "nowrap" }}>
        <Tooltip
          multiline
          maw={360}
          label={site.last_seen_at ? formatDateTime(site.last_seen_at) : (site.unserved ?? "No worker yet")}
        >
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
        <PolicyInShort site={site} />
      </Table.Td>
      {SPLITS.map((split) => (
        <Table.Td key={split} ta="right">
          {hasData ? (site.num_cases[split] ?? 0) : "–"}
        </Table.Td>
      ))}
      <Table.Td ta="right">
        {site.archived_at === null && (
          <Allowed permission="manage_data" federationId={federationId} siteId={site.id}>
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
          </Allowed>
        )}
      </Table.Td>
    </Table.Tr>
  );
}
