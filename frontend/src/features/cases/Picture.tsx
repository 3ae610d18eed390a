import { Alert, Skeleton } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useEffect, useRef, useState } from "react";
import type { RunCases, ScoredCase } from "@/api";
import { OverlayControls, REFERENCE_TINT } from "@/components/viewer/OverlayControls";
import { VolumeControls } from "@/components/viewer/VolumeControls";
import type { Layer, VolumeInfo } from "@/components/viewer/viewer";
import { rgb, structureColour, tint } from "@/lib/palette";
import { type CasesSearch, type OverlayStyle, toggled } from "@/lib/urlState";
import classes from "./CasesPage.module.css";

const Viewer = lazy(() => import("@/components/viewer/Viewer"));

const STANDARD_REFERENCE: OverlayStyle = "outline";
const STANDARD_PREDICTION: OverlayStyle = "fill";
const STANDARD_OPACITY = 0.55;

interface PictureProps {
  scored: ScoredCase;
  all: RunCases;
  model: string;
  search: CasesSearch;
  update: (change: CasesSearch) => void;
}

/** One case: the image, its overlays, and where one is in a volume. It opens at the slice with the largest error. */
export function Picture({ scored, all, model, search, update }: PictureProps) {
  const reference = search.reference ?? STANDARD_REFERENCE;
  const prediction = search.prediction ?? STANDARD_PREDICTION;
  const opacity = search.opacity ?? STANDARD_OPACITY;
  const hidden = search.hidden ?? [];
  const predictionUrl = scored.predictions[model];
  const plane = search.plane ?? "axial";
  const [volume, setVolume] = useState<VolumeInfo | null>(null);
  const [window, setWindow] = useState<[number, number]>();
  const [slice, setSlice] = useState<number | undefined>(search.slice);
  const visible = all.structures.flatMap((_, structure) => (hidden.includes(structure) ? [] : [structure]));
  const worst = useWorstSlice(volume ? scored.reference_url : null, predictionUrl, visible);
  const opened = useRef(search.slice !== undefined);
  useEffect(() => {
    if (opened.current || worst === undefined || plane !== "axial") return;
    opened.current = true;
    setSlice(worst);
  }, [worst, plane]);
  const goTo = (next: number) => {
    opened.current = true;
    setSlice(next);
    update({ slice: next });
  };
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
      {volume && (
        <VolumeControls
          {...{ volume, plane, slice, worst }}
          window={window ?? volume.window}
          onPlane={(next) => {
            setSlice(undefined);
            update({ plane: next === "axial" ? undefined : next, slice: undefined });
          }}
          onSlice={goTo}
          onWindow={setWindow}
        />
      )}
      {scored.image_url ? (
        <div style={{ flex: 1, minHeight: 320 }}>
          <Suspense fallback={<Skeleton h="100%" />}>
            <Viewer
              caseId={scored.case_id}
              imageUrl={scored.image_url}
              {...{ layers, opacity, plane, slice, window }}
              onShown={setVolume}
              onSlice={setSlice}
            />
          </Suspense>
        </div>
      ) : (
        <Alert color="yellow">The site does not let its images leave: only the scores of this case can be shown.</Alert>
      )}
    </div>
  );
}

/** Of the axial slices; undefined for a picture, while it is looked for, and where there is no error. */
function useWorstSlice(
  referenceUrl: string | null | undefined,
  predictionUrl: string | undefined,
  structures: readonly number[],
): number | undefined {
  const { data } = useQuery({
    queryKey: ["worst-slice", referenceUrl, predictionUrl, structures],
    queryFn: async ({ signal }) => {
      const { worstSlice } = await import("@/components/viewer/viewer");
      return (await worstSlice(referenceUrl ?? "", predictionUrl ?? "", structures, signal)) ?? null;
    },
    enabled: Boolean(referenceUrl && predictionUrl),
    staleTime: Number.POSITIVE_INFINITY,
  });
  return data ?? undefined;
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
