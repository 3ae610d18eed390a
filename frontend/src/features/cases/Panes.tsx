import { Skeleton } from "@mantine/core";
import { Suspense, useEffect, useRef } from "react";
import type { RunCases, ScoredCase } from "@/api";
import type { Plane } from "@/components/viewer/layers";
import type { CaseView, VolumeInfo } from "@/components/viewer/viewer";
import { formatScore } from "@/lib/metrics";
import { type ModelGroup, withChosen } from "@/lib/otherRuns";
import { lazyPart } from "@/lib/patientImport";
import { ErrorLegend } from "./ErrorLegend";
import { PaneHead } from "./PaneHead";
import classes from "./Panes.module.css";
import { type Look, paneLayers } from "./paneLayers";
import { type Pane, paneModel, paneText, paneWords } from "./paneList";

/** Fetched while the page asks for its cases. */
const importViewer = () => import("@/components/viewer/Viewer");
void importViewer().catch(() => undefined);
const Viewer = lazyPart(importViewer);

interface Props {
  panes: readonly Pane[];
  scored: ScoredCase & { image_url: string };
  all: RunCases;
  /** The model chosen for the page. */
  chosen: string;
  choices: readonly string[];
  /** Models of other runs. */
  groups: readonly ModelGroup[];
  nameOf: (choice: string) => string;
  look: Look;
  opacity: number;
  plane: Plane;
  slice: number | undefined;
  window: [number, number] | undefined;
  onPanes: (panes: readonly Pane[]) => void;
  onShown: (volume: VolumeInfo | null) => void;
  onSlice: (slice: number) => void;
  onWindow: (window: [number, number]) => void;
  /** The views in the order of the panes, for a picture of them. */
  views: React.RefObject<(CaseView | null)[]>;
}

/** One, two or four views of a case that move together. */
export function Panes(props: Props) {
  const { panes, scored, chosen, choices, groups, nameOf, look, views } = props;
  const single = panes.length === 1;
  const scoring = panes.some((pane) => paneModel(pane, chosen, scored));
  useLinked(views, panes.length);
  return (
    <div className={classes.grid} data-count={panes.length} data-testid="panes">
      {panes.map((pane, index) => {
        const model = paneModel(pane, chosen, scored);
        const label = `${paneWords(pane.kind)}${model ? `, ${nameOf(model)}` : ""}`;
        return (
          // biome-ignore lint/suspicious/noArrayIndexKey: a pane keeps its place when it shows something else, and its viewer with it
          <section key={index} className={classes.pane} aria-label={label} data-pane={paneText(pane)}>
            {!(single && pane.kind === "overlay") && (
              <PaneHead
                pane={pane}
                choices={choices}
                groups={pane.model ? withChosen(groups, pane.model, nameOf(pane.model)) : groups}
                onChange={(next) => props.onPanes(panes.map((other, place) => (place === index ? next : other)))}
              />
            )}
            {!single && scoring && <PaneScores scored={scored} model={model} look={look} />}
            <div className={classes.picture}>
              <Suspense fallback={<Skeleton h="100%" />}>
                <Viewer
                  caseId={scored.case_id}
                  imageUrl={scored.image_url}
                  layers={paneLayers(pane, model, scored, look)}
                  opacity={props.opacity}
                  plane={props.plane}
                  slice={props.slice}
                  window={props.window}
                  onShown={(volume) => index === 0 && props.onShown(volume)}
                  onSlice={props.onSlice}
                  onWindow={props.onWindow}
                  unit={scored.distance_unit}
                  onView={(view) => {
                    views.current[index] = view;
                    link(views.current);
                  }}
                  label={label}
                />
              </Suspense>
              {pane.kind === "error" && (
                <div className={classes.legend}>
                  <ErrorLegend scored={scored} model={model} look={look} />
                </div>
              )}
            </div>
          </section>
        );
      })}
    </div>
  );
}

/** The shown model's Dice, so that two views can be compared without looking away. A view without a model keeps the line
 * free: views next to each other show the same part of the image at the same height. */
function PaneScores({ scored, model, look }: { scored: ScoredCase; model: string | null; look: Look }) {
  if (!model) return <div className={classes.scores}>{"\u00a0"}</div>;
  const parts = look.structures.map((name) => `${name} ${formatScore(scored.scores[model]?.[name]?.dice, "dice")}`);
  const words = scored.scores[model] ? `Dice: ${parts.join(", ")}` : "This case was not tested with this model.";
  return (
    <div className={classes.scores} title={words}>
      {words}
    </div>
  );
}

/** Views that a smaller layout has left behind are forgotten. */
function useLinked(views: Props["views"], count: number) {
  const last = useRef(count);
  useEffect(() => {
    if (last.current === count) return;
    last.current = count;
    views.current.length = Math.min(views.current.length, count);
    link(views.current);
  }, [views, count]);
}

function link(views: readonly (CaseView | null)[]) {
  const there = views.filter((view): view is CaseView => view !== null);
  for (const view of there) view.follow(there.filter((other) => other !== view));
}
