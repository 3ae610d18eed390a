import { Card, Group, Skeleton, Stack, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import type { ScoreQuery } from "@/api";
import { Allowed } from "@/components/Allowed";
import { ErrorPanel } from "@/components/Feedback";
import { LinkButton } from "@/components/links";
import { VerdictWords } from "@/components/VerdictWords";
import { verdictQuery } from "./queries";

interface Props {
  experimentId: string;
  federationId: string;
  query: ScoreQuery;
}

/** What the tests say, above the table that they are made of. */
export function VerdictCard({ experimentId, federationId, query }: Props) {
  const verdict = useQuery(verdictQuery(experimentId, query));
  if (verdict.error) return <ErrorPanel error={verdict.error} title="The verdict could not be made" />;
  return (
    <Card withBorder>
      <Stack gap="sm">
        <Group justify="space-between" align="flex-start">
          <Title order={2} size="h4">
            What came out
          </Title>
          {verdict.data?.run_id && (
            <Allowed permission="read_cases" federationId={federationId}>
              <LinkButton
                size="xs"
                variant="default"
                to="/runs/$runId/cases"
                params={{ runId: verdict.data.run_id }}
                search={{}}
              >
                Look at the worst case
              </LinkButton>
            </Allowed>
          )}
        </Group>
        {verdict.data ? (
          <VerdictWords
            headline={verdict.data.headline}
            details={verdict.data.details}
            caution={verdict.data.words_of_seeds}
          />
        ) : (
          <Skeleton h={48} aria-busy />
        )}
      </Stack>
    </Card>
  );
}
