import { Alert, Card, Group, MultiSelect, Select, Stack, Text, Title } from "@mantine/core";
import { IconAlertTriangle, IconArrowsDiff } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import {
  experimentsQuery,
  type FederationRecord,
  federationQuery,
  isPart,
  type RunComparison,
  type ScoreQuery,
} from "@/api";
import { ALL_FEDERATIONS, federationCrumb } from "@/components/crumbs";
import { EmptyState, Loaded, RowsSkeleton } from "@/components/Feedback";
import { OnThisPage } from "@/components/OnThisPage";
import { Page } from "@/components/Page";
import { arrow, METRICS, STANDARD_METRIC } from "@/lib/metrics";
import { ComparedCases } from "./ComparedCases";
import { ComparedCosts } from "./ComparedCosts";
import { ComparedCurves } from "./ComparedCurves";
import { ComparedScores } from "./ComparedScores";
import { Parameters } from "./Parameters";
import { runComparisonQuery } from "./queries";
import { FEWEST_RUNS, MAX_RUNS, runChoices } from "./runComparison";
import type { CompareSearch } from "./search";

const route = getRouteApi("/federations/$federationId/compare");
const MEAN = "";

type Update = (change: Partial<CompareSearch>) => void;

/** Runs side by side, also of different experiments. All that is chosen is in the address. */
export function ComparePage() {
  const { federationId } = route.useParams();
  const federation = useQuery(federationQuery(federationId));
  return <Loaded query={federation}>{(loaded) => <Compare federation={loaded} />}</Loaded>;
}

function Compare({ federation }: { federation: FederationRecord }) {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const update: Update = (change) =>
    void navigate({ search: (old) => ({ ...old, ...change }), replace: true, resetScroll: false });
  const experiments = useQuery(experimentsQuery(federation.id));
  const runs = search.runs ?? [];
  const query: ScoreQuery = {
    metric: search.metric ?? STANDARD_METRIC,
    checkpoint: search.checkpoint ?? "best",
    structure: search.structure,
  };
  return (
    <Page
      help="results#comparing-methods"
      wide
      title="Compare runs"
      crumbs={[ALL_FEDERATIONS, federationCrumb(federation, "experiments")]}
      subtitle="What was set otherwise, what it cost, and what it scored on the same test cases."
    >
      <Loaded query={experiments} skeleton={<RowsSkeleton rows={1} />}>
        {(all) => (
          <Card withBorder>
            <Stack gap="sm">
              <MultiSelect
                label="Runs"
                description={`${FEWEST_RUNS} to ${MAX_RUNS}, of any experiment; the others are compared with the first.`}
                placeholder={runs.length === 0 ? "Choose runs" : undefined}
                searchable
                clearable
                hidePickedOptions
                maxValues={MAX_RUNS}
                value={runs}
                onChange={(ids) => update({ runs: ids.length > 0 ? ids : undefined, brush: undefined })}
                data={runChoices(all, runs)}
                maxDropdownHeight={420}
                nothingFoundMessage={isPart(all) ? "No run of those that are loaded so far" : "No such run"}
              />
              <Choices federation={federation} query={query} update={update} />
            </Stack>
          </Card>
        )}
      </Loaded>
      {runs.length < FEWEST_RUNS ? (
        <EmptyState icon={IconArrowsDiff} title={runs.length === 0 ? "No run is chosen" : "One run is chosen"}>
          Choose {runs.length === 0 ? "two or more runs" : "another run"} above. Finished runs can be compared, also
          across experiments of this federation.
        </EmptyState>
      ) : (
        <Answer federation={federation} runs={runs} query={query} update={update} search={search} />
      )}
    </Page>
  );
}

function Choices(props: { federation: FederationRecord; query: ScoreQuery; update: Update }) {
  const { federation, query, update } = props;
  return (
    <Group align="flex-end" gap="sm">
      <Select
        size="xs"
        w={190}
        label="Metric"
        allowDeselect={false}
        value={query.metric}
        onChange={(value) =>
          update({ metric: METRICS.find((metric) => metric.name === value)?.name, brush: undefined })
        }
        data={METRICS.map(({ name, label }) => ({ value: name, label: `${label} ${arrow(name)}` }))}
      />
      <Select
        size="xs"
        w={190}
        label="Structure"
        allowDeselect={false}
        value={query.structure ?? MEAN}
        onChange={(value) => update({ structure: value || undefined, brush: undefined })}
        data={[
          { value: MEAN, label: "Mean over structures" },
          ...federation.task.structures.map((structure) => structure.name),
        ]}
      />
      <Select
        size="xs"
        w={130}
        label="Checkpoint"
        allowDeselect={false}
        value={query.checkpoint}
        onChange={(value) => update({ checkpoint: value === "last" ? "last" : undefined })}
        data={[
          { value: "best", label: "Best round" },
          { value: "last", label: "Last round" },
        ]}
      />
    </Group>
  );
}

interface AnswerProps {
  federation: FederationRecord;
  runs: string[];
  query: ScoreQuery;
  update: Update;
  search: CompareSearch;
}

function Answer({ federation, runs, query, update, search }: AnswerProps) {
  const comparison = useQuery(runComparisonQuery(federation.id, runs, query));
  return (
    <Loaded query={comparison}>
      {(answer) => (
        <OnThisPage gap="lg">
          <Cautions comparison={answer} />
          <Part title={`Test scores ${arrow(answer.metric)}`}>
            <ComparedScores comparison={answer} federation={federation} />
          </Part>
          <Part title="Cases">
            <ComparedCases
              comparison={answer}
              federation={federation}
              other={search.other}
              brush={search.brush}
              onOther={(other) => update({ other, brush: undefined })}
              onBrush={(brush) => update({ brush })}
            />
          </Part>
          <Part title="Settings">
            <Parameters
              comparison={answer}
              all={search.all ?? false}
              onAll={(shown) => update({ all: shown || undefined })}
            />
          </Part>
          <Part title="Learning curves">
            <ComparedCurves comparison={answer} structure={query.structure ?? null} />
          </Part>
          <Part title="Costs">
            <ComparedCosts comparison={answer} />
          </Part>
        </OnThisPage>
      )}
    </Loaded>
  );
}

function Cautions({ comparison }: { comparison: RunComparison }) {
  if (comparison.cautions.length === 0) return null;
  return (
    <Alert color="yellow" icon={<IconAlertTriangle aria-hidden />} title="Read with care">
      {comparison.cautions.map((caution) => (
        <Text size="sm" key={caution}>
          {caution}
        </Text>
      ))}
    </Alert>
  );
}

function Part({ title, children }: { title: string; children: React.ReactNode }) {
  return (
    <Card withBorder>
      <Stack gap="sm">
        <Title order={2} size="h4">
          {title}
        </Title>
        {children}
      </Stack>
    </Card>
  );
}
