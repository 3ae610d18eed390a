import { Card, Table, Text, Title } from "@mantine/core";
import type { ModelSet } from "@/api";
import { TextLink } from "@/components/links";
import { formatDice } from "@/lib/format";
import { modelName } from "@/lib/words";

export function ModelScores({ set }: { set: ModelSet }) {
  return (
    <Card withBorder>
      <Title order={2} size="h4" mb="xs">
        Scores
      </Title>
      <Table fz="sm" verticalSpacing={4}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Model</Table.Th>
            <Table.Th ta="right">Test Dice ↑</Table.Th>
            <Table.Th ta="right">Cases</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {set.scores.map((score) => (
            <Table.Tr key={score.model}>
              <Table.Th scope="row" fw={400}>
                {modelName(score.model)}
              </Table.Th>
              <Table.Td ta="right" fw={600}>
                {formatDice(score.dice)}
              </Table.Td>
              <Table.Td ta="right">{score.num_cases}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
      {set.notes.map((note) => (
        <Text key={note} size="xs" mt="xs" c="light-dark(var(--mantine-color-orange-9), var(--mantine-color-orange-4))">
          {note}
        </Text>
      ))}
      <TextLink size="sm" mt="xs" to="/runs/$runId/cases" params={{ runId: set.run_id }} search={{}}>
        Look at the cases
      </TextLink>
    </Card>
  );
}
