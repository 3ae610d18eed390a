import { Alert, Group, Skeleton, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useRef, useState } from "react";
import type { PastRound, RunCases, ScoredCase } from "@/api";
import { notifyError } from "@/components/notify";
import { Unlike } from "@/components/Unlike";
import { useShortcuts } from "@/components/useShortcuts";
import { OverlayControls, StructureEyes } from "@/components/viewer/OverlayControls";
import type { OverlayStyle } from "@/components/viewer/overlayStyles";
import type { PictureFormat } from "@/components/viewer/snapshot";
import { VolumeControls } from "@/components/viewer/VolumeControls";
import type { CaseView, VolumeInfo } from "@/components/viewer/viewer";
import type { ModelGroup } from "@/lib/otherRuns";
import classes from "./CasesPage.module.css";
import { roundBeside } from "./caseRounds";
import { FullScreenBar } from "./FullScreenBar";
import { LayoutControls } from "./LayoutControls";
import { Panes } from "./Panes";
import { comparedPanes, type Pane, paneModel, paneText, readPanes, resized, SINGLE } from "./paneList";
import { worstSliceQuery } from "./queries";
import { ROUND_SLIDER_HEIGHT, RoundSlider } from "./RoundSlider";
import { savePicture } from "./savePicture";
import { type CasesSearch, toggled } from "./search";
import { usePosition } from "./usePosition";

const STANDARD_REFERENCE: OverlayStyle = "outline";
const STANDARD_PREDICTION: OverlayStyle = "fill";
const STANDARD_OPACITY = 0.55;

interface PictureProps {
  scored: ScoredCase;
  all: RunCases;
  /** The model of this case that the choice above stands for. */
  model: string;
  /** Whose masks of this case were kept; null while that is asked, and where the answer failed. */
  rounds: readonly PastRound[] | null;
  isWaitingForRounds: boolean;
  /** Whose masks are shown. */
  round: number;
  choice: string;
  choices: readonly string[];
  /** Models of other runs. */
  groups: readonly ModelGroup[];
  nameOf: (choice: string) => string;
  /** Of the case in the list: `3 of 24`. */
  place: string;
  /** What a picture of the case says below it. */
  words: readonly string[];
  search: CasesSearch;
  update: (change: CasesSearch) => void;
}

/** One case: the image, its overlays, and where one is in a volume. It opens at the slice with the largest error. */
export function Picture(props: PictureProps) {
  const { scored, all, model, rounds, round, choice, choices, groups, nameOf, words, search, update } = props;
  const reference = search.reference ?? STANDARD_REFERENCE;
  const prediction = search.prediction ?? STANDARD_PREDICTION;
  const opacity = search.opacity ?? STANDARD_OPACITY;
  const hidden = search.hidden ?? [];
  const predictionUrl = scored.predictions[model];
  const plane = search.plane ?? "axial";
  const [volume, setVolume] = useState<VolumeInfo | null>(null);
  const visible = all.structures.flatMap((_, structure) => (hidden.includes(structure) ? [] : [structure]));
  const worst = useWorstSlice(volume ? scored.reference_url : null, predictionUrl, visible);
  const { slice, window, moveTo, setWindow, forget } = usePosition(
    scored.case_id,
    search,
    plane === "axial" ? worst : undefined,
    update,
  );
  const standard = search.against ? comparedPanes(search.against) : SINGLE;
  const panes = search.panes ? readPanes(search.panes) : standard;
  const written = (list: readonly Pane[]) => list.map(paneText).join();
  const views = useRef<(CaseView | null)[]>([]);
  const grid = useRef<HTMLDivElement>(null);
  const setPanes = (next: readonly Pane[]) =>
    update({ panes: written(next) === written(standard) ? undefined : next.map(paneText) });
  const setCount = (count: number) => setPanes(resized(panes, count, choices));
  const onToggle = (structure: number) => update({ hidden: toggled(search.hidden, structure) });
  const look = { reference, prediction, structures: all.structures, hidden };
  const picture = (format: PictureFormat = "png") =>
    void savePicture(
      views.current,
      panes,
      {
        scored,
        models: panes.map((pane) => paneModel(pane, choice, scored)),
        nameOf,
        words: [...words, ...(slice === undefined || !volume ? [] : [`${plane} slice ${slice + 1}`])],
        shown: visible.map((index) => ({ name: all.structures[index] ?? "", index })),
        reference,
        prediction,
      },
      format,
    ).catch((error: Error) => notifyError("No picture was saved", error));
  const fullscreen = () => void (document.fullscreenElement ? document.exitFullscreen() : toFullscreen(grid.current));
  const toRound = (next: number) => update({ round: next === all.round ? undefined : next });
  const bothOff = reference === "off" && prediction === "off";
  useShortcuts("casePicture", {
    views: (key) => setCount(Number(key)),
    masks: () =>
      update(
        bothOff
          ? { reference: STANDARD_REFERENCE, prediction: STANDARD_PREDICTION }
          : { reference: "off", prediction: "off" },
      ),
    outline: () => update({ prediction: prediction === "fill" ? "outline" : "fill" }),
    round: (key) => toRound(roundBeside(rounds ?? [], round, key === "]" ? 1 : -1)),
    fullscreen,
    picture: () => picture(),
  });
  return (
    <div className={classes.column}>
      <Group justify="space-between" wrap="nowrap" align="flex-start">
        <StructureEyes structures={all.structures} {...{ hidden, onToggle }} />
        <LayoutControls
          panes={panes}
          choices={choices}
          onCount={setCount}
          onPanes={setPanes}
          onFullscreen={fullscreen}
          onPicture={picture}
        />
      </Group>
      <OverlayControls
        structures={all.structures}
        {...{ hidden, reference, prediction, opacity }}
        onReference={(style) => update({ reference: style })}
        onPrediction={(style) => update({ prediction: style })}
        onOpacity={(value) => update({ opacity: value })}
        onToggle={onToggle}
        eyes={false}
      />
      <Unlike words={scored.unlike} />
      {!predictionUrl && (
        <Alert color="yellow" py="xs">
          This model's mask of this case was not kept. Choose another model; its Dice is on the right.
        </Alert>
      )}
      {volume && (
        <VolumeControls
          {...{ volume, plane, slice, worst }}
          window={window ?? volume.window}
          onPlane={(next) => {
            forget();
            update({ plane: next === "axial" ? undefined : next, slice: undefined });
          }}
          onSlice={moveTo}
          onWindow={setWindow}
        />
      )}
      {scored.image_url ? (
        <div ref={grid} className={classes.views}>
          <FullScreenBar {...{ scored, words, nameOf, look }} place={props.place} model={model} />
          <Panes
            scored={{ ...scored, image_url: scored.image_url }}
            chosen={choice}
            {...{ panes, all, choices, groups, nameOf, look, opacity, plane, slice, window, views }}
            onPanes={setPanes}
            onShown={setVolume}
            onSlice={moveTo}
            onWindow={setWindow}
          />
        </div>
      ) : (
        <Alert color="yellow">The site does not let its images leave: only the scores of this case can be shown.</Alert>
      )}
      {props.isWaitingForRounds && <Skeleton h={ROUND_SLIDER_HEIGHT} />}
      {rounds && rounds.length > 1 && (
        <RoundSlider
          {...{ rounds, round, model }}
          best={all.round}
          structure={search.structure ?? null}
          onRound={toRound}
        />
      )}
      {rounds && rounds.length < 2 && (
        <Text size="xs" c="dimmed" data-testid="no-rounds">
          No earlier rounds of this case: a run keeps the masks of a few test cases of each site (setting "History
          cases").
        </Text>
      )}
    </div>
  );
}

/** The axial slice with the most error; undefined for a picture, while it is loading, and when there is no error. */
function useWorstSlice(
  referenceUrl: string | null | undefined,
  predictionUrl: string | undefined,
  structures: readonly number[],
): number | undefined {
  const { data } = useQuery(worstSliceQuery(referenceUrl, predictionUrl, structures));
  return data ?? undefined;
}

async function toFullscreen(element: HTMLElement | null) {
  try {
    await element?.requestFullscreen();
  } catch (error) {
    notifyError("The browser does not allow the full screen", error as Error);
  }
}
