import { Card, Group, Stack, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import type { RunRecord } from "@/api";
import { KindBytes } from "@/components/KindBytes";
import { TextLink } from "@/components/links";
import { filesSentence, kindsOf, roundsSentence } from "@/lib/storage";
import { runStorageQuery } from "./queries";

/** What the run holds on the backend's disk, and which rounds' models are still there. */
export function RunStorageCard({ run }: { run: RunRecord }) {
  const { data } = useQuery(runStorageQuery(run.id));
  if (!data || (data.num_files === 0 && data.removed_rounds.length === 0)) return null;
  return (
    <Card withBorder data-testid="run-storage">
      <Stack gap="xs">
        <Group justify="space-between">
          <Title order={2} size="h4">
            On the disk
          </Title>
          <TextLink to="/storage" size="sm">
            All that is stored
          </TextLink>
        </Group>
        <Text size="sm">
          {filesSentence(data)}. {roundsSentence(data)}
        </Text>
        <KindBytes kinds={kindsOf(data.by_kind)} />
      </Stack>
    </Card>
  );
}
