import { Badge, Card, Group, Stack, Table, Text } from "@mantine/core";
import { IconFlask, IconPlus } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { type ExperimentRecord, experimentsQuery, type FederationRecord } from "@/api";
import { EmptyState, Loaded, RowsSkeleton } from "@/components/Feedback";
import { LinkButton, TextLink } from "@/components/links";
import { StateBadge } from "@/components/StateBadge";
import { formatDateTime, formatDice, plural } from "@/lib/format";

export function ExperimentsPanel({ federation }: { federation: FederationRecord }) {
  const experiments = useQuery(experimentsQuery(federation.id));
  const hasData = federation.sites.some((site) => Object.values(site.num_cases).some((count) => count > 0));
  const create = (
    <LinkButton
      to="/federations/$federationId/experiments/new"
      params={{ federationId: federation.id }}
      disabled={!hasData}
      leftSection={<IconPlus size={16} aria-hidden />}
    >
      New experiment
    </LinkButton>
  );
  return (
    <Loaded query={experiments} skeleton={<RowsSkeleton />}>
      {(all) => {
        const rows = all.filter((experiment) => experiment.archived_at === null);
        if (rows.length === 0) {
          return (
            <EmptyState icon={IconFlask} title="No experiment yet" action={create}>
              {hasData
                ? "Compare FedSM with federated averaging, local-only and centralized training on these sites."
                : "Register data at the sites first: an experiment trains on the sites that have data."}
            </EmptyState>
          );
        }
        return (
          <Stack>
            <Group justify="flex-end">{create}</Group>
            <Card withBorder padding={0}>
              <Table.ScrollContainer minWidth={760}>
                <Table>
                  <Table.Thead>
                    <Table.Tr>
                      <Table.Th>Experiment</Table.Th>
                      <Table.Th>State</Table.Th>
                      <Table.Th>Methods</Table.Th>
                      <Table.Th ta="right">Best validation Dice ↑</Table.Th>
                      <Table.Th>Created</Table.Th>
                    </Table.Tr>
                  </Table.Thead>
                  <Table.Tbody>
                    {rows.map((experiment) => (
                      <ExperimentRow key={experiment.id} experiment={experiment} />
                    ))}
                  </Table.Tbody>
                </Table>
              </Table.ScrollContainer>
            </Card>
          </Stack>
        );
      }}
    </Loaded>
  );
}

function ExperimentRow({ experiment }: { experiment: ExperimentRecord }) {
  const labels = [...new Set(experiment.runs.map((run) => run.strategy_label))];
  const best = experiment.runs.reduce<(typeof experiment.runs)[number] | undefined>(
    (top, run) => (run.best_dice !== null && run.best_dice > (top?.best_dice ?? -1) ? run : top),
    undefined,
  );
  return (
    <Table.Tr>
      <Table.Td>
        <TextLink
          size="sm"
          fw={500}
          to="/experiments/$experimentId"
          params={{ experimentId: experiment.id }}
          search={{}}
        >
          {experiment.name}
        </TextLink>
        <Text size="xs" c="dimmed">
          {plural(experiment.runs.length, "run")}
        </Text>
      </Table.Td>
      <Table.Td>
        <StateBadge state={experiment.status} />
      </Table.Td>
      <Table.Td>
        <Group gap={6}>
          {labels.map((label) => (
            <Badge key={label} variant="default">
              {label}
            </Badge>
          ))}
        </Group>
      </Table.Td>
      <Table.Td ta="right">{best ? `${formatDice(best.best_dice)} (${best.strategy_label})` : "–"}</Table.Td>
      <Table.Td>
        <Text size="sm" c="dimmed">
          {formatDateTime(experiment.created_at)}
        </Text>
      </Table.Td>
    </Table.Tr>
  );
}
