import { Alert, Button, Card, Group, SegmentedControl, Stack, Text, Title } from "@mantine/core";
import { IconDownload, IconInfoCircle, IconTable } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { type ExperimentRecord, type ExperimentResults, type FederationRecord, resultsQuery } from "@/api";
import { EmptyState, Loaded, RowsSkeleton } from "@/components/Feedback";
import { LinkButton } from "@/components/links";
import { ResultsTable } from "./ResultsTable";
import { Selectors } from "./Selectors";

interface Props {
  experiment: ExperimentRecord;
  federation: FederationRecord;
}

export function ResultsView({ experiment, federation }: Props) {
  const results = useQuery(resultsQuery(experiment.id));
  return (
    <Loaded query={results} skeleton={<RowsSkeleton />}>
      {(loaded) =>
        loaded.cells.length === 0 ? (
          <EmptyState
            icon={IconTable}
            title="No result yet"
            action={
              experiment.runs[0] && (
                <LinkButton
                  to="/experiments/$experimentId"
                  params={{ experimentId: experiment.id }}
                  search={{ run: experiment.runs[0].id }}
                  variant="default"
                >
                  Watch the first run
                </LinkButton>
              )
            }
          >
            Each run is tested on every site's test cases when its last round is done; the table fills run by run.
          </EmptyState>
        ) : (
          <Results results={loaded} experiment={experiment} federation={federation} />
        )
      }
    </Loaded>
  );
}

const MEAN = "";

function Results({ results, experiment, federation }: Props & { results: ExperimentResults }) {
  const [structure, setStructure] = useState(MEAN);
  const siteName = (slug: string) => federation.sites.find((site) => site.slug === slug)?.name ?? slug;
  return (
    <Stack>
      {!results.complete && (
        <Alert color="blue" icon={<IconInfoCircle aria-hidden />} py="xs">
          Some runs are still going: the table holds what is finished.
        </Alert>
      )}
      <Card withBorder>
        <Stack>
          <Group justify="space-between">
            <Title order={2} size="h4">
              Dice on the test cases ↑
            </Title>
            <Group>
              <SegmentedControl
                size="xs"
                aria-label="Structure"
                value={structure}
                onChange={setStructure}
                data={[
                  { value: MEAN, label: "Mean over structures" },
                  ...results.structures.map((name) => ({ value: name, label: name })),
                ]}
              />
              <Button
                component="a"
                href={`/api/v1/experiments/${experiment.id}/results.csv`}
                download
                variant="default"
                size="xs"
                leftSection={<IconDownload size={14} aria-hidden />}
              >
                CSV
              </Button>
            </Group>
          </Group>
          <ResultsTable
            results={results}
            structure={structure === MEAN ? null : structure}
            federation={federation}
            runs={experiment.runs}
          />
          <Text size="xs" c="dimmed">
            Mean over test cases of each run's best round, then mean ± standard deviation over seeds. Columns are the
            sites whose cases are tested; "All sites" pools their cases. Best per column in bold. "Personalized model"
            is the one of the site in the column. A method's name leads to its cases.
          </Text>
        </Stack>
      </Card>
      <Selectors selectors={results.selectors} sites={results.sites} siteName={siteName} federation={federation} />
    </Stack>
  );
}
