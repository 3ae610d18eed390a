import { Card, Group, Stack, Table, Text, Title } from "@mantine/core";
import { IconBox, IconDownload } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { type CurrentModelSet, type FederationRecord, modelsQuery } from "@/api";
import { Allowed } from "@/components/Allowed";
import { Archived } from "@/components/Archived";
import { EmptyState, Loaded, RowsSkeleton } from "@/components/Feedback";
import { Isolated } from "@/components/Isolated";
import { DownloadButton, LinkButton, TextLink } from "@/components/links";
import { formatBytes, formatDateTime, formatDice } from "@/lib/format";
import { modelName } from "@/lib/words";
import { ImportModel } from "./ImportModel";
import { RegisteredModels } from "./RegisteredModels";

/** The models of every finished run: how good, how large, where from. */
export function ModelsPanel({ federation }: { federation: FederationRecord }) {
  const models = useQuery(modelsQuery(federation.id));
  return (
    <Loaded query={models} skeleton={<RowsSkeleton />}>
      {(sets) =>
        sets.length === 0 ? (
          <EmptyState
            icon={IconBox}
            title="No model yet"
            action={
              <Group>
                <LinkButton
                  to="/federations/$federationId"
                  params={{ federationId: federation.id }}
                  search={{ tab: "experiments" }}
                >
                  Experiments
                </LinkButton>
                <ImportModel federation={federation} />
              </Group>
            }
          >
            A run's models appear here when it is completed: the global one, every site's, and the model selector.
          </EmptyState>
        ) : (
          <Stack>
            <Group justify="flex-end">
              <ImportModel federation={federation} />
            </Group>
            <RegisteredModels federation={federation} />
            <Card withBorder padding={0}>
              <Title order={2} size="h4" px="md" pt="md" pb="xs">
                Of completed runs
              </Title>
              <Table.ScrollContainer minWidth={860}>
                <Table data-testid="models">
                  <Table.Thead>
                    <Table.Tr>
                      <Table.Th>Model set</Table.Th>
                      <Table.Th>Experiment</Table.Th>
                      <Table.Th ta="right">Test Dice ↑</Table.Th>
                      <Table.Th ta="right">Size</Table.Th>
                      <Table.Th>Finished</Table.Th>
                      <Table.Th />
                    </Table.Tr>
                  </Table.Thead>
                  <Table.Tbody>
                    {sets.map((set) => (
                      <ModelRow key={set.run_id} set={set} />
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

function ModelRow({ set }: { set: CurrentModelSet }) {
  return (
    <Table.Tr>
      <Table.Td>
        <TextLink size="sm" fw={500} to="/runs/$runId/model" params={{ runId: set.run_id }} search={{}}>
          {set.strategy_label}
        </TextLink>
        <Text size="xs" c="dimmed">
          seed {set.seed}, round {set.round}
        </Text>
      </Table.Td>
      <Table.Td>
        <TextLink
          size="sm"
          to="/experiments/$experimentId"
          params={{ experimentId: set.experiment_id }}
          search={{ run: set.run_id }}
        >
          <Isolated>{set.experiment_name}</Isolated>
        </TextLink>{" "}
        {set.experiment_archived && <Archived size="sm" />}
        {set.imported && (
          <Text size="xs" c="dimmed">
            imported
          </Text>
        )}
      </Table.Td>
      <Table.Td ta="right">
        {set.scores.map((score) => (
          <Text key={score.model} size="sm">
            {modelName(score.model)} <b>{formatDice(score.dice)}</b>
          </Text>
        ))}
      </Table.Td>
      <Table.Td ta="right">{formatBytes(set.num_bytes)}</Table.Td>
      <Table.Td>
        <Text size="sm" c="dimmed">
          {formatDateTime(set.finished_at)}
        </Text>
      </Table.Td>
      <Table.Td>
        <Group justify="flex-end" wrap="nowrap">
          <Allowed permission="move_models" federationId={set.federation_id}>
            <DownloadButton
              href={set.download_url}
              size="compact-sm"
              variant="default"
              leftSection={<IconDownload size={14} aria-hidden />}
            >
              ZIP
            </DownloadButton>
          </Allowed>
        </Group>
      </Table.Td>
    </Table.Tr>
  );
}
