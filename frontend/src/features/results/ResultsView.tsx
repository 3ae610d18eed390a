import { Stack } from "@mantine/core";
import { IconTable } from "@tabler/icons-react";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import type { ExperimentRecord, FederationRecord } from "@/api";
import { permissions } from "@/api/tables.json";
import { EmptyState, Loaded, RowsSkeleton } from "@/components/Feedback";
import { Later } from "@/components/Later";
import { LinkButton } from "@/components/links";
import { useMay } from "@/components/useMay";
import { EffortCard } from "./EffortCard";
import { GapCard } from "./GapCard";
import { noResult, runsOn } from "./noResult";
import { PartialResults } from "./PartialResults";
import { resultsQuery } from "./queries";
import { ResultsCard } from "./ResultsCard";
import { RunCurves } from "./RunCurves";
import { RunDetail } from "./RunDetail";
import { hasScores } from "./results";
import { StudentsCard } from "./StudentsCard";
import { tableQuery, useResultsSearch, useScoreQuery } from "./useResultsSearch";
import { VerdictCard } from "./VerdictCard";

interface Props {
  experiment: ExperimentRecord;
  federation: FederationRecord;
}

/** The table of methods, and below it one run in detail. */
export function ResultsView({ experiment, federation }: Props) {
  const [search, update] = useResultsSearch();
  const results = useQuery({
    ...resultsQuery(experiment.id, tableQuery(search)),
    placeholderData: keepPreviousData,
  });
  const query = useScoreQuery(search, results.data?.structures ?? []);
  return (
    <Loaded query={results} skeleton={<RowsSkeleton />}>
      {(loaded) => {
        if (!hasScores(loaded) && search.checkpoint !== "last") return <NoResult experiment={experiment} />;
        return (
          <Stack>
            <PartialResults experiment={experiment} />
            {experiment.kind !== "test" && hasScores(loaded) && (
              <VerdictCard experimentId={experiment.id} federationId={federation.id} query={query} />
            )}
            <ResultsCard
              {...{ experiment, federation, search, update, query }}
              results={loaded}
              stale={results.isPlaceholderData}
            />
            {experiment.kind !== "test" && (
              <>
                <Later height={600}>
                  <GapCard {...{ experiment, federation, search, update, query }} said={loaded.words_of_seeds} />
                </Later>
                <Later height={200}>
                  <StudentsCard experiment={experiment} federation={federation} />
                  <EffortCard results={loaded} />
                </Later>
                <Later height={400}>
                  <RunCurves {...{ experiment, search, update, query }} />
                </Later>
              </>
            )}
            <Later height={800}>
              <RunDetail {...{ experiment, federation, search, update, query }} results={loaded} />
            </Later>
          </Stack>
        );
      }}
    </Loaded>
  );
}

function NoResult({ experiment }: { experiment: ExperimentRecord }) {
  const may = useMay("run_experiments", experiment.federation_id);
  const { title, words } = noResult(experiment, may, permissions.run_experiments.holders);
  const run = experiment.runs[0];
  const action = run && (
    <LinkButton
      to="/experiments/$experimentId"
      params={{ experimentId: experiment.id }}
      search={{ run: run.id }}
      variant="default"
    >
      {run.status === "created"
        ? "Look at the first run"
        : runsOn(experiment)
          ? "Watch the first run"
          : "Open the first run"}
    </LinkButton>
  );
  return (
    <EmptyState icon={IconTable} title={title} action={action}>
      {words}
    </EmptyState>
  );
}
