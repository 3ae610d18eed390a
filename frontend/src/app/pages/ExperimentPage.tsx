import { Alert, Button, Group, ScrollArea, Select, Stack, Tabs, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconAdjustments, IconArchive, IconList, IconShare, IconTable } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { type ExperimentRecord, experimentQuery, type FederationRecord, federationQuery, type RunRecord } from "@/api";
import { Allowed } from "@/components/Allowed";
import { Archived } from "@/components/Archived";
import { ALL_FEDERATIONS, federationCrumb } from "@/components/crumbs";
import { Loaded } from "@/components/Feedback";
import { OnThisPage } from "@/components/OnThisPage";
import { Page } from "@/components/Page";
import { StateBadge } from "@/components/StateBadge";
import { ExperimentMenu } from "@/features/experiments/ExperimentActions";
import { RunsActions } from "@/features/experiments/RunsActions";
import { RunsView } from "@/features/experiments/RunsView";
import { columnsOfOne } from "@/features/experiments/runRows";
import { RunSettings, SettingsView } from "@/features/experiments/SettingsView";
import { ShareModal } from "@/features/report/ShareModal";
import { Provenance } from "@/features/results/Provenance";
import { ResultsView } from "@/features/results/ResultsView";
import { RunCurves } from "@/features/results/RunCurves";
import { useResultsSearch, useScoreQuery } from "@/features/results/useResultsSearch";
import { RunView } from "@/features/runs/RunView";
import { runTitle } from "@/features/runs/waiting";
import { isOver } from "@/lib/status";

const route = getRouteApi("/experiments/$experimentId");
const RESULTS = "results";
const RUNS = "runs";
const SETTINGS = "settings";

/** The others test, or bring in, what was trained before. */
function trains({ kind }: ExperimentRecord): boolean {
  return kind === "training" || kind === "fine-tuning" || kind === "student";
}

export function ExperimentPage() {
  const { experimentId } = route.useParams();
  const experiment = useQuery(experimentQuery(experimentId));
  return <Loaded query={experiment}>{(loaded) => <WithFederation experiment={loaded} />}</Loaded>;
}

function WithFederation({ experiment }: { experiment: ExperimentRecord }) {
  const federation = useQuery(federationQuery(experiment.federation_id));
  return (
    <Loaded query={federation}>
      {(loaded) => <ExperimentView key={experiment.id} experiment={experiment} federation={loaded} />}
    </Loaded>
  );
}

interface Props {
  experiment: ExperimentRecord;
  federation: FederationRecord;
}

function ExperimentView({ experiment, federation }: Props) {
  const navigate = useNavigate();
  const { run } = route.useSearch();
  const standard = useStandardTab(experiment);
  const watched = experiment.runs.find((entry) => entry.id === (run ?? standard));
  return (
    <Page
      help="results"
      wide
      title={experiment.name}
      documentTitle={watched ? runTitle(watched, experiment.name) : experiment.name}
      crumbs={[ALL_FEDERATIONS, federationCrumb(federation, "experiments")]}
      badge={
        <>
          <StateBadge state={experiment.status} />
          {experiment.archived_at !== null && <Archived />}
        </>
      }
      subtitle={experiment.description || undefined}
      actions={
        <>
          <Allowed permission="share_reports" federationId={federation.id}>
            <ShareButton experiment={experiment} />
          </Allowed>
          <Allowed permission="run_experiments" federationId={federation.id}>
            <RunsActions experiment={experiment} />
          </Allowed>
          <ExperimentMenu
            experiment={experiment}
            onDeleted={() =>
              navigate({
                to: "/federations/$federationId",
                params: { federationId: federation.id },
                search: { tab: "experiments" },
              })
            }
          />
        </>
      }
    >
      <Provenance experimentId={experiment.id} federation={federation} />
      {experiment.archived_at !== null && (
        <Alert color="gray" icon={<IconArchive aria-hidden />} py="xs">
          This experiment is archived: it is not in the list, and nothing of it is lost. Its menu takes it out.
        </Alert>
      )}
      {experiment.started_at === null && (
        <Alert color="blue" title="Not started yet">
          <Allowed permission="run_experiments" federationId={federation.id} who="It is started by">
            Start it to queue its runs; the sites' workers then begin with the first round.
          </Allowed>
        </Alert>
      )}
      <RunTabs experiment={experiment} federation={federation} standard={standard} />
    </Page>
  );
}

/** With more runs than this, a list replaces the tabs. */
const MANY_RUNS = 6;

/** The results once all runs are over, else the table of the runs, or the only one. A run that ends while one looks at it stays on screen. */
function useStandardTab(experiment: ExperimentRecord): string {
  const [standard] = useState(() =>
    experiment.runs.every(isOver) ? RESULTS : experiment.runs.length > 1 ? RUNS : (experiment.runs[0]?.id ?? RESULTS),
  );
  return standard;
}

function RunTabs({ experiment, federation, standard }: Props & { standard: string }) {
  const search = route.useSearch();
  const { run } = search;
  const navigate = route.useNavigate();
  const chosen = run ?? standard;
  const open = (next: string | null) =>
    void navigate({ search: (old) => ({ ...old, run: next ?? undefined, task: undefined }) });
  const isMany = experiment.runs.length > MANY_RUNS;
  const manySeeds = (experiment.config.seeds?.length ?? 1) > 1;
  const tabs = isMany ? experiment.runs.filter((entry) => entry.id === chosen) : experiment.runs;
  return (
    <Tabs value={chosen} onChange={open} keepMounted={false}>
      <Group wrap="nowrap" justify="space-between" mb="md" align="flex-end">
        <ScrollArea scrollbars="x" style={{ minWidth: 0, flex: 1 }}>
          <Tabs.List style={{ flexWrap: "nowrap" }}>
            <Tabs.Tab value={RESULTS} leftSection={<IconTable size={16} aria-hidden />}>
              Results
            </Tabs.Tab>
            {experiment.runs.length > 1 && (
              <Tabs.Tab value={RUNS} leftSection={<IconList size={16} aria-hidden />}>
                Runs ({experiment.runs.length})
              </Tabs.Tab>
            )}
            <Tabs.Tab value={SETTINGS} leftSection={<IconAdjustments size={16} aria-hidden />}>
              Settings
            </Tabs.Tab>
            {tabs.map((entry) => (
              <Tabs.Tab key={entry.id} value={entry.id}>
                <RunTabLabel run={entry} manySeeds={manySeeds} />
              </Tabs.Tab>
            ))}
          </Tabs.List>
        </ScrollArea>
        {isMany && (
          <Select
            size="xs"
            w={280}
            aria-label="Run"
            placeholder={`Look at one of ${experiment.runs.length} runs`}
            searchable
            value={tabs.some(({ id }) => id === chosen) ? chosen : null}
            onChange={(next) => next && open(next)}
            data={experiment.runs.map((entry) => ({
              value: entry.id,
              label: `${runLabel(entry, manySeeds)} (${entry.status})`,
            }))}
          />
        )}
      </Group>
      <Tabs.Panel value={RESULTS}>
        <OnThisPage>
          <ResultsView experiment={experiment} federation={federation} />
        </OnThisPage>
      </Tabs.Panel>
      <Tabs.Panel value={RUNS}>
        <Stack gap="sm">
          <RunsView
            experiments={[experiment]}
            ofOne
            federationId={federation.id}
            standard={columnsOfOne(experiment.runs)}
            search={search}
            onSearch={(change) =>
              void navigate({ search: (old) => ({ ...old, ...change }), replace: true, resetScroll: false })
            }
          />
          {experiment.started_at !== null && trains(experiment) && (
            <RunsCurves experiment={experiment} federation={federation} />
          )}
        </Stack>
      </Tabs.Panel>
      <Tabs.Panel value={SETTINGS}>
        <SettingsView experiment={experiment} federation={federation} />
      </Tabs.Panel>
      {tabs.map((entry) => (
        <Tabs.Panel key={entry.id} value={entry.id}>
          <OnThisPage>
            <Stack>
              <RunView runId={entry.id} federation={federation} />
              {trains(experiment) && <RunSettings experiment={experiment} federation={federation} run={entry} />}
            </Stack>
          </OnThisPage>
        </Tabs.Panel>
      ))}
    </Tabs>
  );
}

/** How the runs get on, laid over each other; they follow what the sites report. */
function RunsCurves({ experiment, federation }: Props) {
  const [search, update] = useResultsSearch();
  const query = useScoreQuery(
    search,
    federation.task.structures.map(({ name }) => name),
  );
  return <RunCurves {...{ experiment, search, update, query }} standard="methods" />;
}

function runLabel(run: RunRecord, manySeeds: boolean): string {
  return manySeeds ? `${run.strategy_label}, seed ${run.seed}` : run.strategy_label;
}

function RunTabLabel({ run, manySeeds }: { run: RunRecord; manySeeds: boolean }) {
  return (
    <Group gap={8} wrap="nowrap">
      <Text size="sm" span truncate maw={280} title={runLabel(run, manySeeds)}>
        {runLabel(run, manySeeds)}
      </Text>
      <StateBadge state={run.status} size="sm" />
    </Group>
  );
}

function ShareButton({ experiment }: { experiment: ExperimentRecord }) {
  const [opened, modal] = useDisclosure(false);
  return (
    <>
      <Button variant="default" leftSection={<IconShare size={16} aria-hidden />} onClick={modal.open}>
        Share
      </Button>
      <ShareModal experiment={experiment} opened={opened} onClose={modal.close} />
    </>
  );
}
