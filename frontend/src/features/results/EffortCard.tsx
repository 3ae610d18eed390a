import { Card, Stack, Text, Title } from "@mantine/core";
import type { ExperimentResults } from "@/api";
import { EffortTable } from "@/components/EffortTable";

/** What the methods' training took. Nothing where nobody counted it, as in a test of a finished model. */
export function EffortCard({ results }: { results: ExperimentResults }) {
  const rows = results.tables.find((table) => table.structure === null)?.rows ?? [];
  const efforts = rows.flatMap((row) => row.effort ?? []);
  if (efforts.length === 0) return null;
  return (
    <Card withBorder data-testid="effort">
      <Stack gap="sm">
        <div>
          <Title order={2} size="h4">
            What training took
          </Title>
          <Text size="sm" c="dimmed" maw={900}>
            Steps and images along the path of one model: in a round the sites train side by side, so a global model
            moves by the mean of their steps. Time is that of the slowest site of each round; traffic is that of all
            sites together. All rounds, mean over seeds.
          </Text>
        </div>
        <EffortTable efforts={efforts} withMethod />
      </Stack>
    </Card>
  );
}
