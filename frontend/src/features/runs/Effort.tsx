import { Alert, Card, Stack, Text, Title } from "@mantine/core";
import { IconTrendingUp } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { type RunRecord, runEffortQuery } from "@/api";
import { EffortTable } from "@/components/EffortTable";

/** What the training of one run took, and whether it ended too early. */
export function Effort({ run }: { run: RunRecord }) {
  const effort = useQuery(runEffortQuery(run.id, run.round));
  if (!effort.data || effort.data.models.length === 0) return null;
  return (
    <Card withBorder data-testid="run-effort">
      <Stack gap="sm">
        <div>
          <Title order={2} size="h4">
            What training took
          </Title>
          <Text size="sm" c="dimmed">
            Steps and images along the path of each model, in which the sites of a round stand side by side.
          </Text>
        </div>
        <EffortTable efforts={effort.data.models} withMethod={false} />
        {effort.data.remarks.map((remark) => (
          <Alert key={remark.code} color="yellow" py="xs" icon={<IconTrendingUp aria-hidden />}>
            {remark.words}
          </Alert>
        ))}
      </Stack>
    </Card>
  );
}
