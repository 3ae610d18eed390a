import { Card, Code, Stack, Table, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import type { DatasetRecord } from "@/api";
import { Loaded, RowsSkeleton } from "@/components/Feedback";
import { Isolated } from "@/components/Isolated";
import { TextLink } from "@/components/links";
import { StateBadge } from "@/components/StateBadge";
import { changeText } from "@/lib/checks";
import { formatDateTime } from "@/lib/format";
import { datasetChecksQuery, datasetRunsQuery } from "./queries";

/** Each check with the fingerprint of what it found, and the runs that were started on the data set. */
export function History({ dataset }: { dataset: DatasetRecord }) {
  return (
    <Stack>
      <Checks dataset={dataset} />
      <Runs dataset={dataset} />
    </Stack>
  );
}

function Checks({ dataset }: { dataset: DatasetRecord }) {
  const checks = useQuery(datasetChecksQuery(dataset.id));
  return (
    <Card withBorder>
      <Title order={3} size="h5" mb="xs">
        Checks
      </Title>
      <Loaded query={checks} skeleton={<RowsSkeleton rows={3} />}>
        {(rows) =>
          rows.length === 0 ? (
            <Text size="sm" c="dimmed">
              Checks are kept from the next one on.
            </Text>
          ) : (
            <Table.ScrollContainer minWidth={640}>
              <Table fz="sm" data-testid="checks">
                <Table.Thead>
                  <Table.Tr>
                    <Table.Th>When</Table.Th>
                    <Table.Th ta="right">Used</Table.Th>
                    <Table.Th ta="right">Skipped</Table.Th>
                    <Table.Th>Fingerprint</Table.Th>
                    <Table.Th>Compared with the one before</Table.Th>
                  </Table.Tr>
                </Table.Thead>
                <Table.Tbody>
                  {rows.map((check, index) => (
                    <Table.Tr key={check.at}>
                      <Table.Td style={{ whiteSpace: "nowrap" }}>{formatDateTime(check.at)}</Table.Td>
                      <Table.Td ta="right">{check.num_used}</Table.Td>
                      <Table.Td ta="right">{check.num_skipped}</Table.Td>
                      <Table.Td>{check.fingerprint ? <Code>{check.fingerprint.slice(0, 12)}</Code> : "none"}</Table.Td>
                      <Table.Td>{changeText(check, rows[index + 1])}</Table.Td>
                    </Table.Tr>
                  ))}
                </Table.Tbody>
              </Table>
            </Table.ScrollContainer>
          )
        }
      </Loaded>
    </Card>
  );
}

function Runs({ dataset }: { dataset: DatasetRecord }) {
  const runs = useQuery(datasetRunsQuery(dataset.id));
  return (
    <Card withBorder>
      <Title order={3} size="h5" mb="xs">
        Runs on it
      </Title>
      <Loaded query={runs} skeleton={<RowsSkeleton rows={3} />}>
        {(rows) =>
          rows.length === 0 ? (
            <Text size="sm" c="dimmed">
              No run was started on this data set yet.
            </Text>
          ) : (
            <Table.ScrollContainer minWidth={640}>
              <Table fz="sm">
                <Table.Thead>
                  <Table.Tr>
                    <Table.Th>Run</Table.Th>
                    <Table.Th>Experiment</Table.Th>
                    <Table.Th>State</Table.Th>
                    <Table.Th>On which data</Table.Th>
                  </Table.Tr>
                </Table.Thead>
                <Table.Tbody>
                  {rows.map((run) => (
                    <Table.Tr key={run.run_id}>
                      <Table.Td>
                        <TextLink
                          size="sm"
                          to="/experiments/$experimentId"
                          params={{ experimentId: run.experiment_id }}
                          search={{ run: run.run_id }}
                        >
                          {run.run_label}
                        </TextLink>
                      </Table.Td>
                      <Table.Td style={{ overflowWrap: "anywhere" }}>
                        <Isolated>{run.experiment_name}</Isolated>
                      </Table.Td>
                      <Table.Td>
                        <StateBadge state={run.status} size="sm" />
                      </Table.Td>
                      <Table.Td>
                        <Code>{run.fingerprint.slice(0, 12)}</Code>{" "}
                        {run.fingerprint === dataset.fingerprint ? "as it is now" : "as an earlier check found it"}
                      </Table.Td>
                    </Table.Tr>
                  ))}
                </Table.Tbody>
              </Table>
            </Table.ScrollContainer>
          )
        }
      </Loaded>
    </Card>
  );
}
