import { Card, Stack, Text, Title } from "@mantine/core";
import { useQueries } from "@tanstack/react-query";
import type { ExperimentRecord, FederationRecord } from "@/api";
import { StudentsTable } from "@/components/StudentsTable";
import { studentsQuery } from "@/components/students";

interface Props {
  experiment: ExperimentRecord;
  federation: FederationRecord;
}

/** What one network for everybody costs, for each super model of the experiment that has a student. */
export function StudentsCard({ experiment, federation }: Props) {
  const teachers = experiment.runs.filter(
    ({ strategy, status }) => strategy.name === "fedsm" && status === "completed",
  );
  const found = useQueries({ queries: teachers.map(({ id }) => studentsQuery(id)) });
  const students = found.flatMap(({ data }) => data ?? []);
  if (students.length === 0) return null;
  return (
    <Card withBorder data-testid="students">
      <Stack gap="sm">
        <div>
          <Title order={2} size="h4">
            One student in place of the super model
          </Title>
          <Text size="sm" c="dimmed" maw={900}>
            Mean Dice of both on the same test cases. A negative difference is what one file for everybody costs.
          </Text>
        </div>
        <StudentsTable students={students} federation={federation} />
      </Stack>
    </Card>
  );
}
