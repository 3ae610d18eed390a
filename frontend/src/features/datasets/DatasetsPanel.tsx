import { Card, Group, Stack, Table, Text } from "@mantine/core";
import { IconDatabasePlus, IconPhoto } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { datasetsQuery, type FederationRecord } from "@/api";
import { AllowedSomewhere } from "@/components/Allowed";
import { EmptyState, Loaded, RowsSkeleton } from "@/components/Feedback";
import { Isolated } from "@/components/Isolated";
import { LinkButton, TextLink } from "@/components/links";
import { SiteMark } from "@/components/SiteMark";
import { StateBadge } from "@/components/StateBadge";
import { checkSentence } from "@/lib/checks";
import { formatDateTime } from "@/lib/format";

export function DatasetsPanel({ federation }: { federation: FederationRecord }) {
  const datasets = useQuery(datasetsQuery(federation.id));
  const positions = new Map(federation.sites.map((site) => [site.id, site.position]));
  const register = (
    <AllowedSomewhere permission="manage_data" federationId={federation.id} who="Data are registered by">
      <LinkButton
        to="/federations/$federationId/datasets/new"
        params={{ federationId: federation.id }}
        search={{}}
        disabled={federation.sites.length === 0}
        leftSection={<IconDatabasePlus size={16} aria-hidden />}
      >
        Register data set
      </LinkButton>
    </AllowedSomewhere>
  );
  return (
    <Loaded query={datasets} skeleton={<RowsSkeleton />}>
      {(rows) =>
        rows.length === 0 ? (
          <EmptyState icon={IconPhoto} title="No data set yet" action={register}>
            {federation.sites.length === 0
              ? "Add a site first; then register the folder that holds its images and masks."
              : "Register the folder that holds a site's images and masks. A check then says which cases are used, and why the others are not."}
          </EmptyState>
        ) : (
          <Stack>
            <Group justify="flex-end">{register}</Group>
            <Card withBorder padding={0}>
              <Table.ScrollContainer minWidth={760}>
                <Table>
                  <Table.Thead>
                    <Table.Tr>
                      <Table.Th>Data set</Table.Th>
                      <Table.Th>Site</Table.Th>
                      <Table.Th>State</Table.Th>
                      <Table.Th>Check</Table.Th>
                      <Table.Th>Registered</Table.Th>
                    </Table.Tr>
                  </Table.Thead>
                  <Table.Tbody>
                    {rows.map((dataset) => (
                      <Table.Tr key={dataset.id}>
                        <Table.Td>
                          <TextLink
                            size="sm"
                            fw={500}
                            to="/datasets/$datasetId"
                            params={{ datasetId: dataset.id }}
                            search={{}}
                          >
                            <Isolated>
                              <Isolated>{dataset.name}</Isolated>
                            </Isolated>
                          </TextLink>
                        </Table.Td>
                        <Table.Td>
                          <SiteMark position={positions.get(dataset.site_id) ?? 0} name={dataset.site_name} />
                        </Table.Td>
                        <Table.Td>
                          <StateBadge state={dataset.status} />
                        </Table.Td>
                        <Table.Td>
                          <Text size="sm">{checkSentence(dataset)}</Text>
                        </Table.Td>
                        <Table.Td>
                          <Text size="sm" c="dimmed">
                            {formatDateTime(dataset.created_at)}
                          </Text>
                        </Table.Td>
                      </Table.Tr>
                    ))}
                  </Table.Tbody>
                </Table>
              </Table.ScrollContainer>
            </Card>
          </Stack>
        )
      }
    </Loaded>
  );
}
