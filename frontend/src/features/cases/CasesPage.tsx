import { Alert, SegmentedControl, Skeleton } from "@mantine/core";
import { useHotkeys } from "@mantine/hooks";
import { IconSlideshow } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { lazy, Suspense, useMemo } from "react";
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
import { ALL_FEDERATIONS, type Crumb, experimentCrumb, federationCrumb } from "@/components/crumbs";
import { EmptyState, Loaded } from "@/components/Feedback";
import { LinkButton } from "@/components/links";
import { Page } from "@/components/Page";
import { modelChoices, modelOfCase, neighbour, worstFirst } from "@/lib/cases";
import { rgb, structureColour, tint } from "@/lib/palette";
import { type CasesSearch, type OverlayStyle, toggled } from "@/lib/urlState";
import { modelName } from "@/lib/words";
import { CaseFacts } from "./CaseFacts";
import { CaseList } from "./CaseList";
import classes from "./CasesPage.module.css";
import { OverlayControls, REFERENCE_TINT } from "./OverlayControls";
import type { Layer } from "./viewer";

const Viewer = lazy(() => import("./Viewer"));
const route = getRouteApi("/runs/$runId/cases");

const STANDARD_REFERENCE: OverlayStyle = "outline";
const STANDARD_PREDICTION: OverlayStyle = "fill";
const STANDARD_OPACITY = 0.55;

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
  const cases = useQuery(runCasesQuery(run.id));
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
  const title = `Cases of ${run.strategy_label}`;
  const crumbs = [ALL_FEDERATIONS, federationCrumb(federation, "experiments"), experimentCrumb(experiment)];
  if (all.cases.length === 0) {
    return (
      <Page title={title} crumbs={crumbs}>
        <EmptyState
          icon={IconSlideshow}
          title="No case has been scored yet"
          action={
            <LinkButton
              to="/experiments/$experimentId"
              params={{ experimentId: experiment.id }}
              search={{ run: run.id }}
              variant="default"
            >
              Watch the run
            </LinkButton>
          }
        >
          The test cases appear here when the run has finished its last round and the best round has been tested.
        </EmptyState>
      </Page>
    );
  }
  return <Browser {...{ run, federation, all, title, crumbs }} />;
}

interface BrowserProps {
  run: RunRecord;
  federation: FederationRecord;
  all: RunCases;
  title: string;
  crumbs: Crumb[];
}

function Browser({ run, federation, all, title, crumbs }: BrowserProps) {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const choices = modelChoices(all.models);
  const model = search.model && choices.includes(search.model) ? search.model : (choices[0] ?? "global");
  const cases = useMemo(() => {
    const shown = search.site ? all.cases.filter((scored) => scored.site_slug === search.site) : all.cases;
    return worstFirst(shown, model, search.structure ?? null);
  }, [all, search.site, search.structure, model]);
  const selected = cases.find((scored) => scored.case_id === search.case) ?? cases[0];
  const update = (change: CasesSearch) => void navigate({ search: (old) => ({ ...old, ...change }), replace: true });
  const step = (direction: 1 | -1) => update({ case: neighbour(cases, selected?.case_id, direction)?.case_id });
  useHotkeys([
    ["j", () => step(1)],
    ["k", () => step(-1)],
  ]);
  return (
    <Page
      title={title}
      documentTitle={selected ? `${selected.name}, ${run.strategy_label}` : title}
      crumbs={crumbs}
      actions={
        <SegmentedControl
          aria-label="Model"
          value={model}
          onChange={(next) => update({ model: next })}
          data={choices.map((choice) => ({ value: choice, label: modelName(choice) }))}
        />
      }
    >
      <div className={classes.columns}>
        <CaseList
          {...{ cases, all, federation, model }}
          selected={selected?.case_id}
          structure={search.structure}
          site={search.site}
          onSelect={(id) => update({ case: id })}
          onStructure={(structure) => update({ structure })}
          onSite={(site) => update({ site })}
        />
        {selected && (
          <>
            <Picture scored={selected} all={all} model={modelOfCase(model, selected)} search={search} update={update} />
            <CaseFacts {...{ all, run, federation }} scored={selected} model={modelOfCase(model, selected)} />
          </>
        )}
      </div>
    </Page>
  );
}

interface PictureProps {
  scored: ScoredCase;
  all: RunCases;
  model: string;
  search: CasesSearch;
  update: (change: CasesSearch) => void;
}

function Picture({ scored, all, model, search, update }: PictureProps) {
  const reference = search.reference ?? STANDARD_REFERENCE;
  const prediction = search.prediction ?? STANDARD_PREDICTION;
  const opacity = search.opacity ?? STANDARD_OPACITY;
  const hidden = search.hidden ?? [];
  const predictionUrl = scored.predictions[model];
  const layers = [
    ...layersOf(predictionUrl, prediction, all.structures, hidden, 0),
    ...layersOf(scored.reference_url, reference, all.structures, hidden, REFERENCE_TINT),
  ];
  return (
    <div className={classes.column}>
      <OverlayControls
        structures={all.structures}
        {...{ hidden, reference, prediction, opacity }}
        onReference={(style) => update({ reference: style })}
        onPrediction={(style) => update({ prediction: style })}
        onOpacity={(value) => update({ opacity: value })}
        onToggle={(structure) => update({ hidden: toggled(search.hidden, structure) })}
      />
      {!predictionUrl && (
        <Alert color="yellow" py="xs">
          This model's mask of this case was not kept. Choose another model; its Dice is on the right.
        </Alert>
      )}
      {scored.image_url ? (
        <div style={{ flex: 1, minHeight: 320 }}>
          <Suspense fallback={<Skeleton h="100%" />}>
            <Viewer caseId={scored.case_id} imageUrl={scored.image_url} layers={layers} opacity={opacity} />
          </Suspense>
        </div>
      ) : (
        <Alert color="yellow">The site does not let its images leave: only the scores of this case can be shown.</Alert>
      )}
    </div>
  );
}

/** One layer a visible structure, later structures above earlier ones. */
function layersOf(
  url: string | null | undefined,
  style: OverlayStyle,
  structures: readonly string[],
  hidden: readonly number[],
  whiteShare: number,
): Layer[] {
  if (!url || style === "off") return [];
  return structures.flatMap((_, structure) => {
    const colour = structureColour(structure);
    if (hidden.includes(structure)) return [];
    const above = structures.flatMap((_, other) => (other > structure && !hidden.includes(other) ? [other] : []));
    return [{ url, structure, style, above, colour: whiteShare > 0 ? tint(colour, whiteShare) : rgb(colour) }];
  });
}
