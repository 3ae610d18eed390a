import { Group, Stack, Table, Text } from "@mantine/core";
import type { StudentRecord, StudentScore } from "@/api";
import { Isolated } from "@/components/Isolated";
import { TextLink } from "@/components/links";
import { StateBadge } from "@/components/StateBadge";
import { formatDice } from "@/lib/format";
import { siteLook } from "@/lib/sites";

interface Props {
  students: readonly StudentRecord[];
  federation: Parameters<typeof siteLook>[1];
}

/** Each student of a super model, with the Dice of both on the same test cases and what the student costs. */
export function StudentsTable({ students, federation }: Props) {
  return (
    <Stack gap="md">
      {students.map((student) => (
        <Stack gap={4} key={student.run_id} data-testid="student">
          <Group gap="xs">
            <TextLink
              size="sm"
              to="/experiments/$experimentId"
              params={{ experimentId: student.experiment_id }}
              search={{}}
            >
              <Isolated>{student.experiment_name}</Isolated>
            </TextLink>
            <StateBadge state={student.status} size="sm" />
            <Text size="xs" c="dimmed">
              {student.num_rounds} rounds, T = {student.temperature}, references {student.reference_weight}
              {student.gamma !== null && `, taught with γ = ${student.gamma}`}
            </Text>
          </Group>
          {student.scores.length > 0 && <Scores scores={student.scores} federation={federation} />}
        </Stack>
      ))}
    </Stack>
  );
}

function Scores({ scores, federation }: Pick<Props, "federation"> & { scores: StudentScore[] }) {
  return (
    <Table fz="sm" verticalSpacing={4}>
      <Table.Thead>
        <Table.Tr>
          <Table.Th>Test cases of</Table.Th>
          <Table.Th ta="right">Super model ↑</Table.Th>
          <Table.Th ta="right">Student ↑</Table.Th>
          <Table.Th ta="right">Difference</Table.Th>
          <Table.Th ta="right">Cases</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {scores.map((score) => (
          <Table.Tr key={score.site_slug ?? ""}>
            <Table.Th scope="row" fw={score.site_slug === null ? 600 : 400}>
              {score.site_slug === null ? (
                "All sites that trained"
              ) : (
                <Isolated>{siteLook(score.site_slug, federation).name}</Isolated>
              )}
            </Table.Th>
            <Table.Td ta="right">{formatDice(score.super)}</Table.Td>
            <Table.Td ta="right">{formatDice(score.student)}</Table.Td>
            <Table.Td ta="right" style={{ whiteSpace: "nowrap" }}>
              {score.difference_text}
              {score.interval_text !== null && (
                <Text size="xs" c="dimmed">
                  95 %: {score.interval_text}
                </Text>
              )}
            </Table.Td>
            <Table.Td ta="right">{score.num_cases}</Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}
