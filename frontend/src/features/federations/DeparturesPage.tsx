import { Button, Card, Center, Stack, Table, Text } from "@mantine/core";
import { IconPackageExport } from "@tabler/icons-react";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { type DepartureRecord, type FederationRecord, federationQuery, type SiteDepartures } from "@/api";
import { ALL_FEDERATIONS, federationCrumb } from "@/components/crumbs";
import { EmptyState, Loaded } from "@/components/Feedback";
import { Isolated } from "@/components/Isolated";
import { TextLink } from "@/components/links";
import { Page } from "@/components/Page";
import { formatBytes, formatDateTime, plural } from "@/lib/format";
import { policySentences } from "@/lib/sites";
import { departuresQuery } from "./queries";
import { SentBefore } from "./SentBefore";

const route = getRouteApi("/sites/$siteId/departures");

/** What left a site, when and to whom; what may leave it now; and what can be taken back. */
export function DeparturesPage() {
  const { siteId } = route.useParams();
  const departures = useInfiniteQuery(departuresQuery(siteId));
  const earlier = departures.hasNextPage && (
    <Center>
      <Button variant="default" loading={departures.isFetchingNextPage} onClick={() => void departures.fetchNextPage()}>
        Show earlier
      </Button>
    </Center>
  );
  return (
    <Loaded query={departures}>
      {({ pages }) => {
        const [first] = pages;
        if (!first) return null;
        const entries = pages.flatMap((page) => page.entries);
        return <WithFederation departures={{ ...first, entries }} earlier={earlier} />;
      }}
    </Loaded>
  );
}

interface Departures {
  departures: SiteDepartures;
  /** The button for the next page; false where there is none. */
  earlier: ReactNode;
}

function WithFederation(shown: Departures) {
  const federation = useQuery(federationQuery(shown.departures.federation_id));
  return <Loaded query={federation}>{(loaded) => <DeparturesView {...shown} federation={loaded} />}</Loaded>;
}

function DeparturesView({ departures, earlier, federation }: Departures & { federation: FederationRecord }) {
  const site = federation.sites.find((entry) => entry.id === departures.site_id);
  return (
    <Page
      help="data#what-may-run-at-a-site-and-what-may-leave-it"
      title={`What left ${departures.site_name}`}
      crumbs={[ALL_FEDERATIONS, federationCrumb(federation)]}
      subtitle="When, and to whom. What belonged to a deleted experiment or data set was deleted with it."
    >
      {site && (
        <Stack gap="sm">
          <Text size="sm">Now: {policySentences(site.policy).slice(1).join(" ")}</Text>
          <SentBefore site={site} />
        </Stack>
      )}
      {departures.entries.length === 0 ? (
        <EmptyState icon={IconPackageExport} title="Nothing has left this site">
          When a data set is checked or a run trains here, what is sent stands here.
        </EmptyState>
      ) : (
        <Card withBorder padding={0}>
          <Table.ScrollContainer minWidth={900}>
            <Table fz="sm" data-testid="departures">
              <Table.Thead>
                <Table.Tr>
                  <Table.Th>Of</Table.Th>
                  <Table.Th>What</Table.Th>
                  <Table.Th>To</Table.Th>
                  <Table.Th>When</Table.Th>
                  <Table.Th ta="right">Sent</Table.Th>
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {departures.entries.map((entry) => (
                  <Row key={entry.id} entry={entry} />
                ))}
              </Table.Tbody>
            </Table>
          </Table.ScrollContainer>
        </Card>
      )}
      {earlier}
    </Page>
  );
}

function Row({ entry }: { entry: DepartureRecord }) {
  return (
    <Table.Tr>
      <Table.Td maw={260} style={{ overflowWrap: "anywhere" }}>
        <Of entry={entry} />
      </Table.Td>
      <Table.Td maw={320}>{entry.what}</Table.Td>
      <Table.Td maw={260}>{entry.to}</Table.Td>
      <Table.Td style={{ whiteSpace: "nowrap" }}>
        {entry.first_at !== entry.last_at && <div>from {formatDateTime(entry.first_at)}</div>}
        {formatDateTime(entry.last_at)}
      </Table.Td>
      <Table.Td ta="right" style={{ whiteSpace: "nowrap" }}>
        {plural(entry.num_times, "time")}
        {entry.num_bytes !== null && (
          <Text size="xs" c="dimmed">
            {formatBytes(entry.num_bytes)}
          </Text>
        )}
      </Table.Td>
    </Table.Tr>
  );
}

function Of({ entry }: { entry: DepartureRecord }) {
  const name = <Isolated>{entry.of}</Isolated>;
  if (entry.dataset_id) {
    return (
      <TextLink size="sm" to="/datasets/$datasetId" params={{ datasetId: entry.dataset_id }} search={{}}>
        {name}
      </TextLink>
    );
  }
  if (!entry.experiment_id || !entry.run_id) return name;
  return (
    <TextLink
      size="sm"
      to="/experiments/$experimentId"
      params={{ experimentId: entry.experiment_id }}
      search={{ run: entry.run_id }}
    >
      {name}
    </TextLink>
  );
}
