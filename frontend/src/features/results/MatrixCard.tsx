import { Card, Group, Stack, Text, Title, useComputedColorScheme } from "@mantine/core";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import type { FederationRecord, RunRecord, ScoreQuery } from "@/api";
import { Loaded, RowsSkeleton } from "@/components/Feedback";
import { heatGradient } from "@/lib/heat";
import { formatScore } from "@/lib/metrics";
import { Matrix } from "./Matrix";
import { matrixView } from "./matrixView";
import { runMatrixQuery } from "./queries";

interface Props {
  run: RunRecord;
  federation: FederationRecord;
  query: ScoreQuery;
}

export function MatrixCard({ run, federation, query }: Props) {
  const matrix = useQuery({ ...runMatrixQuery(run.id, query), placeholderData: keepPreviousData });
  const dark = useComputedColorScheme("light") === "dark";
  const view = useMemo(() => matrix.data && matrixView(matrix.data), [matrix.data]);
  return (
    <Card withBorder>
      <Loaded query={matrix} skeleton={<RowsSkeleton />}>
        {(loaded) => {
          if (loaded.rows.length === 0 || !view) {
            return <Text c="dimmed">The {loaded.checkpoint} round of this run has not been tested.</Text>;
          }
          return (
            <Stack gap="sm" style={{ opacity: matrix.isPlaceholderData ? 0.5 : 1 }}>
              <Group justify="space-between">
                <Title order={3} size="h4">
                  Every model on every site
                </Title>
                {view.scale && (
                  <Group gap={8} wrap="nowrap" aria-hidden>
                    <Text size="xs" c="dimmed">
                      worst {formatScore(view.scale.worst, loaded.metric)}
                    </Text>
                    <div style={{ width: 120, height: 12, borderRadius: 3, background: heatGradient(dark) }} />
                    <Text size="xs" c="dimmed">
                      best {formatScore(view.scale.best, loaded.metric)}
                    </Text>
                  </Group>
                )}
              </Group>
              <Matrix {...{ run, federation, view, dark }} matrix={loaded} />
              <Text size="xs" c="dimmed" maw={1080}>
                Mean over each site's test cases{loaded.round > 0 && ` in round ${loaded.round}`}. Framed: a site's own
                personalized model. Bold: best of the column. Oracle routing takes each case to its own site's model, as
                if the site were known; the super model takes the one that the selector chooses. A number leads to its
                cases.
              </Text>
            </Stack>
          );
        }}
      </Loaded>
    </Card>
  );
}
