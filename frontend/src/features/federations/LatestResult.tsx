import { Card, Group, Stack, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Allowed } from "@/components/Allowed";
import { LinkButton, TextLink } from "@/components/links";
import { VerdictWords } from "@/components/VerdictWords";
import { latestResultQuery } from "./queries";

/** What came out last, and where to go from there. Nothing while no run is completed. */
export function LatestResult() {
  const { data: latest } = useQuery(latestResultQuery);
  if (!latest) return null;
  const { verdict, federation_id: federationId, experiment_id: experimentId } = latest;
  return (
    <Card withBorder component="section" aria-labelledby="latest-result">
      <Stack gap="sm">
        <Group gap="xs" align="baseline">
          <Title order={2} size="h4" id="latest-result">
            What came out last
          </Title>
          <Text size="sm" c="dimmed">
            <TextLink inherit to="/experiments/$experimentId" params={{ experimentId }} search={{}}>
              {latest.experiment_name}
            </TextLink>{" "}
            of {latest.federation_name}
          </Text>
        </Group>
        <VerdictWords
          headline={verdict.headline}
          details={verdict.details}
          caution={verdict.words_of_seeds}
          prominent
        />
        <Group gap="sm">
          <LinkButton to="/experiments/$experimentId" params={{ experimentId }} search={{ run: "results" }}>
            See the results
          </LinkButton>
          {verdict.run_id && (
            <Allowed permission="read_cases" federationId={federationId}>
              <LinkButton variant="default" to="/runs/$runId/cases" params={{ runId: verdict.run_id }} search={{}}>
                Look at the worst case
              </LinkButton>
            </Allowed>
          )}
          <Allowed permission="run_experiments" federationId={federationId}>
            <LinkButton
              variant="default"
              to="/federations/$federationId/experiments/new"
              params={{ federationId }}
              search={{}}
            >
              New experiment
            </LinkButton>
          </Allowed>
        </Group>
      </Stack>
    </Card>
  );
}
