import { Alert, Button, SegmentedControl, Stack, Text } from "@mantine/core";
import { IconSlideshow } from "@tabler/icons-react";
import { useQueries, useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useMemo } from "react";
import {
  type ExperimentRecord,
  experimentQuery,
  type FederationRecord,
  federationQuery,
  type RunCases,
  type RunRecord,
  runCasesQuery,
  runQuery,
  type ScoredCase,
} from "@/api";
import { Archived } from "@/components/Archived";
import { ALL_FEDERATIONS, type Crumb, experimentCrumb, federationCrumb } from "@/components/crumbs";
import { EmptyState, Loaded } from "@/components/Feedback";
import { LinkButton } from "@/components/links";
import { Page } from "@/components/Page";
import { useMay } from "@/components/useMay";
import { useShortcuts } from "@/components/useShortcuts";
import { caseScore, modelOfCase } from "@/lib/caseScores";
import { comparedCases, inBrush, orderedByDifference } from "@/lib/differences";
import { STANDARD_METRIC } from "@/lib/metrics";
import { choiceName, otherModels, runsNamed, splitModel, withOthers } from "@/lib/otherRuns";
import { stoppedRemedy } from "@/lib/runControls";
import { siteName } from "@/lib/sites";
import { isOver } from "@/lib/status";
import { modelName } from "@/lib/words";
import { CaseFacts } from "./CaseFacts";
import { CaseList } from "./CaseList";
import classes from "./CasesPage.module.css";
import { CompareWith } from "./CompareWith";
import { atRound, roundAt, roundsOf } from "./caseRounds";
import { filterCases, modelChoices, neighbour, ordered } from "./cases";
import { Picture } from "./Picture";
import { readPane } from "./paneList";
import { runHistoryQuery } from "./queries";
import { splitWords } from "./SplitChoice";
import type { CasesSearch } from "./search";
import { useOtherExperiments } from "./useOtherExperiments";
import { usePrepared } from "./usePrepared";
import { ValidationCase } from "./ValidationCase";

const route = getRouteApi("/runs/$runId/cases");

export function CasesPage() {
  const { runId } = route.useParams();
  const run = useQuery(runQuery(runId));
  return <Loaded query={run}>{(loaded) => <WithExperiment run={loaded} />}</Loaded>;
}

function WithExperiment({ run }: { run: RunRecord }) {
  const experiment = useQuery(experimentQuery(run.experiment_id));
  return <Loaded query={experiment}>{(loaded) => <WithCases run={run} experiment={loaded} />}</Loaded>;
}

interface Context {
  run: RunRecord;
  experiment: ExperimentRecord;
}

function WithCases({ run, experiment }: Context) {
  const federation = useQuery(federationQuery(experiment.federation_id));
  const { split } = route.useSearch();
  const cases = useQuery(runCasesQuery(run.id, split));
  return (
    <Loaded query={federation}>
      {(loaded) => (
        <Loaded query={cases}>
          {(all) => <CasesView run={run} experiment={experiment} federation={loaded} all={all} />}
        </Loaded>
      )}
    </Loaded>
  );
}

function CasesView({ run, experiment, federation, all }: Context & { federation: FederationRecord; all: RunCases }) {
  const [method = "", settings] = run.strategy_label.split(/ \((.*)\)$/);
  const title = `Cases of ${method}`;
  const crumbs = [ALL_FEDERATIONS, federationCrumb(federation, "experiments"), experimentCrumb(experiment)];
  if (all.cases.length === 0) {
    if (all.split === "val") return <NoValidation run={run} title={title} crumbs={crumbs} />;
    return <NoCases run={run} title={title} crumbs={crumbs} federationId={federation.id} />;
  }
  return <Browser {...{ run, experiment, federation, title, settings, crumbs }} own={all} />;
}

interface NoCasesProps {
  run: RunRecord;
  title: string;
  crumbs: Crumb[];
  federationId: string;
}

/** Of a run that stopped nothing is promised. */
function NoCases({ run, title, crumbs, federationId }: NoCasesProps) {
  const may = useMay("run_experiments", federationId);
  const stopped = run.status === "failed" || run.status === "cancelled";
  return (
    <Page title={title} crumbs={crumbs}>
      <EmptyState
        icon={IconSlideshow}
        title={run.status === "completed" || stopped ? "No case was scored" : "No case has been scored yet"}
        action={
          <LinkButton
            to="/experiments/$experimentId"
            params={{ experimentId: run.experiment_id }}
            search={{ run: run.id }}
            variant="default"
          >
            {isOver(run) ? "Look at the run" : "Watch the run"}
          </LinkButton>
        }
      >
        {stopped
          ? `The run ${run.status === "failed" ? "failed" : "was cancelled"} before it was tested. ${stoppedRemedy(run, may)}`
          : run.status === "completed"
            ? "The sites let no scores of single cases leave: the results have their means."
            : "The test cases appear here when the run has finished its last round and the best round has been tested."}
      </EmptyState>
    </Page>
  );
}

/** An address may ask for validation cases of a run that has none. */
function NoValidation({ run, title, crumbs }: { run: RunRecord; title: string; crumbs: Crumb[] }) {
  return (
    <Page title={title} crumbs={crumbs}>
      <EmptyState
        icon={IconSlideshow}
        title="No validation case can be listed"
        action={
          <LinkButton to="/runs/$runId/cases" params={{ runId: run.id }} variant="default">
            Show the test cases
          </LinkButton>
        }
      >
        Validation cases are scored one by one when the best round is tested, at sites that let scores of single cases
        leave. Runs of before this was done, and tests of finished models, have none.
      </EmptyState>
    </Page>
  );
}

interface BrowserProps {
  run: RunRecord;
  experiment: ExperimentRecord;
  federation: FederationRecord;
  /** Of the run alone. */
  own: RunCases;
  title: string;
  /** What tells the method's variants apart. */
  settings: string | undefined;
  crumbs: Crumb[];
}

/** What is there of the other runs that the address names, and whether more is to come. */
const loaded = (results: { data?: RunCases | undefined; isPending: boolean }[]) => ({
  others: results.flatMap(({ data }) => data ?? []),
  isPending: results.some(({ isPending }) => isPending),
});

function Browser({ run, experiment, federation, own, title, settings, crumbs }: BrowserProps) {
  const search = route.useSearch();
  const wanted = [search.against, ...(search.panes ?? []).map((pane) => readPane(pane)?.model)];
  const { others, isPending } = useQueries({
    queries: runsNamed(wanted).map((id) => runCasesQuery(id, search.split)),
    combine: loaded,
  });
  const all = useMemo(() => ({ ...own, cases: withOthers(own.cases, others) }), [own, others]);
  const rival = search.against ? splitModel(search.against).run : null;
  const against = rival === null || others.some(({ run_id: id }) => id === rival) ? search.against : undefined;
  const runs = [...experiment.runs, ...useOtherExperiments(runsNamed(wanted), experiment)];
  const navigate = route.useNavigate();
  const usual = modelChoices(all.models);
  // A link may ask for another site's personalized model.
  const asked = search.model && all.models.includes(search.model) && !usual.includes(search.model);
  const choices = asked ? [...usual, search.model as string] : usual;
  const model = search.model && choices.includes(search.model) ? search.model : (choices[0] ?? "global");
  const metric = search.metric ?? STANDARD_METRIC;
  const { cases, compared } = useMemo(() => {
    const structure = search.structure ?? null;
    const filter = { site: search.site, find: search.find, used: search.used, wrong: search.wrong };
    const shown = filterCases(all.cases, { ...filter, from: search.from, to: search.to }, (scored) =>
      caseScore(scored, modelOfCase(model, scored), structure, metric),
    );
    if (!against) return { cases: ordered(shown, model, structure, metric, search.order), compared: null };
    const compared = comparedCases(shown, model, against, structure, metric);
    const kept = compared.filter((entry) => inBrush(entry, search.brush));
    return { cases: orderedByDifference(kept, metric, search.order).map(({ scored }) => scored), compared };
  }, [
    all,
    against,
    search.brush,
    search.site,
    search.find,
    search.used,
    search.wrong,
    search.from,
    search.to,
    search.structure,
    search.order,
    model,
    metric,
  ]);
  // A link's case is shown even where the list leaves it out.
  const named = search.case ? all.cases.find((scored) => scored.case_id === search.case) : undefined;
  const selected = search.case ? named : cases[0];
  const history = useQuery(runHistoryQuery(run.id));
  const rounds = selected ? roundsOf(history.data, selected.case_id) : [];
  const past = roundAt(rounds, search.round, all.round);
  const shownAt = (id: string) => {
    const ofRun = own.cases.find((scored) => scored.case_id === id);
    return ofRun && withOthers([atRound(ofRun, past)], others)[0];
  };
  const groups = [
    {
      group: "This run",
      items: usual.filter((choice) => choice !== model).map((choice) => ({ value: choice, label: modelName(choice) })),
    },
    ...otherModels(run, runs),
  ];
  const nameOf = (choice: string) => choiceName(choice, runs);
  const update = (change: CasesSearch) =>
    void navigate({ search: (old) => ({ ...old, ...change }), replace: true, resetScroll: false });
  const step = (direction: 1 | -1) =>
    update({ case: neighbour(cases, selected?.case_id, direction)?.case_id, slice: undefined });
  useShortcuts("caseList", { next: () => step(1), previous: () => step(-1) });
  const isPrepared = usePrepared(
    [1, -1].map((direction) => neighbour(cases, selected?.case_id, direction as 1 | -1)),
    model,
  );
  return (
    <Page
      help="results#scores-of-a-case"
      title={title}
      wide
      documentTitle={selected ? `${selected.name}, ${run.strategy_label}` : title}
      crumbs={crumbs}
      badge={
        <>
          {settings && (
            <Text size="sm" c="dimmed" truncate maw={420} title={settings}>
              {settings}
            </Text>
          )}
          {experiment.archived_at !== null && <Archived what="Experiment archived" />}
        </>
      }
      actions={
        <SegmentedControl
          aria-label="Model"
          value={model}
          // Another model has another worst case: one looks on at the same.
          onChange={(next) => update({ model: next, case: selected?.case_id ?? search.case })}
          data={choices.map((choice) => ({ value: choice, label: modelName(choice) }))}
        />
      }
    >
      <div className={classes.columns} data-prepared={isPrepared || undefined}>
        <CaseList
          {...{ cases, all, federation, model, metric }}
          selected={selected?.case_id}
          onSelect={(id) => update({ case: id, slice: undefined })}
          {...{ search, update }}
          compared={compared}
        >
          <CompareWith
            first={modelName(model).toLowerCase()}
            second={search.against ? { value: search.against, label: nameOf(search.against) } : null}
            cases={compared}
            failed={!compared && !isPending}
            {...{ groups, metric, federation }}
            selected={selected?.case_id}
            brush={search.brush}
            onSecond={(against) =>
              update({ against, brush: undefined, case: undefined, slice: undefined, panes: undefined })
            }
            onBrush={(brush) => update({ brush, case: undefined, slice: undefined })}
            onSelect={(id) => update({ case: id, slice: undefined })}
          />
        </CaseList>
        {search.case && !named && (
          <Alert color="yellow" title={`This run has no such ${splitWords(all.split)}`}>
            <Stack gap="xs" align="flex-start">
              The address names the case {search.case}. It may be of another run, or it was not tested in this one.
              <Button size="xs" variant="default" onClick={() => update({ case: undefined, slice: undefined })}>
                Show the first case of the list
              </Button>
            </Stack>
          </Alert>
        )}
        {selected && (
          <>
            {all.split === "val" ? (
              <ValidationCase scored={selected} site={siteName(federation, selected.site_slug)} />
            ) : (
              <Picture
                scored={shownAt(selected.case_id) ?? selected}
                all={all}
                model={modelOfCase(model, selected)}
                rounds={history.isSuccess ? rounds : null}
                isWaitingForRounds={history.isPending}
                round={past?.round ?? all.round}
                choice={model}
                choices={choices}
                groups={otherModels(run, runs)}
                nameOf={nameOf}
                place={`${cases.findIndex(({ case_id: id }) => id === selected.case_id) + 1} of ${cases.length}`}
                words={pictureWords(selected, run, past?.round ?? all.round, federation)}
                search={search}
                update={update}
              />
            )}
            <CaseFacts
              {...{ all, run, federation, metric }}
              runs={runs}
              scored={selected}
              model={modelOfCase(model, selected)}
              others={wanted.flatMap((choice) => (choice?.includes("@") ? modelOfCase(choice, selected) : []))}
            />
          </>
        )}
      </div>
    </Page>
  );
}

/** What stands below a picture that is saved: enough to find the case again. */
function pictureWords(scored: ScoredCase, run: RunRecord, round: number, federation: FederationRecord): string[] {
  const site = siteName(federation, scored.site_slug);
  return [`${scored.name}, ${site}`, `${run.strategy_label}, seed ${run.seed}, round ${round}`];
}
