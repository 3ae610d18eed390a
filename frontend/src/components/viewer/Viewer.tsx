import { Button, Center, Group, Loader, Paper, Text } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import { useEffect, useLayoutEffect, useRef, useState } from "react";
import type { Layer, Plane } from "./layers";
import { Readout } from "./Readout";
import { ScaleBar } from "./ScaleBar";
import { ViewControls } from "./ViewControls";
import { CaseView, type PixelLength, type VolumeInfo } from "./viewer";

interface Props {
  caseId: string;
  imageUrl: string;
  layers: Layer[];
  opacity: number;
  plane: Plane;
  /** When left out, the viewer keeps its slice. */
  slice: number | undefined;
  /** The stored values that become black and white; left out: the viewer's choice. */
  window: [number, number] | undefined;
  /** A case is on screen: what can be moved in it, null for a picture. */
  onShown: (volume: VolumeInfo | null) => void;
  /** Wheel or mouse moved to another slice of the plane. */
  onSlice: (slice: number) => void;
  /** The mouse changed which stored values are black and white. */
  onWindow?: (window: [number, number]) => void;
  /** The unit of the image's spacing; without one there is no scale bar. */
  unit?: "mm" | "px" | null;
  /** Called with the view, so that several viewers can be linked, and with null when it is gone. */
  onView?: (view: CaseView | null) => void;
  label?: string;
}

/** drawn: the layers of the picture on screen, as text. */
type Shown =
  | { state: "loading" }
  | { state: "ready"; caseId: string; drawn: string }
  | { state: "failed"; message: string };

const NO_WEBGL = "Check that the browser allows WebGL 2 (hardware acceleration), or use another browser.";

/**
 * The picture with its overlays. Wheel: zoom; drag: move. In a volume the wheel steps through the slices and zooms with
 * Ctrl held, a drag with the left button moves the crosshair and with Shift or the middle button the view, and one with
 * the right button sets black and white by what it covers.
 */
export default function Viewer(props: Props) {
  const { caseId, imageUrl, layers, opacity, plane, slice, window } = props;
  const canvas = useRef<HTMLCanvasElement>(null);
  const [view, setView] = useState<CaseView>();
  const [shown, setShown] = useState<Shown>({ state: "loading" });
  const [pixelLength, setPixelLength] = useState<PixelLength>(null);
  const [tries, setTries] = useState(0);
  const newest = useRef(props);
  newest.current = props;

  useEffect(() => {
    if (!canvas.current) return;
    let attached: CaseView | undefined;
    let gone = false;
    CaseView.attach(canvas.current)
      .then((made) => {
        attached = made;
        if (gone) made.detach();
        else {
          made.onPixelLength = setPixelLength;
          setView(made);
          newest.current.onView?.(made);
        }
      })
      .catch((error: Error) =>
        setShown({ state: "failed", message: `The viewer cannot start: ${error.message}. ${NO_WEBGL}` }),
      );
    return () => {
      gone = true;
      newest.current.onView?.(null);
      attached?.detach();
    };
  }, []);

  // The layers are made anew in each render; what they say tells whether they differ.
  const content = JSON.stringify(layers);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another try shows the same again
  useEffect(() => {
    if (!view) return;
    const abort = new AbortController();
    view
      .show(imageUrl, JSON.parse(content) as Layer[], newest.current.opacity, abort.signal)
      .then(() => {
        if (abort.signal.aborted) return;
        view.onSlice = (moved) => newest.current.onSlice(moved);
        view.onWindow = (changed) => newest.current.onWindow?.(changed);
        view.showPlane(newest.current.plane);
        view.showWindow(newest.current.window);
        if (newest.current.slice !== undefined) view.showSlice(newest.current.slice);
        newest.current.onShown(view.volume());
        setShown({ state: "ready", caseId, drawn: content });
      })
      .catch((error: Error) => {
        if (!abort.signal.aborted) setShown({ state: "failed", message: error.message });
      });
    return () => abort.abort();
  }, [view, caseId, imageUrl, content, tries]);

  // The listener runs before NiiVue's and is not passive, because the page would be zoomed too.
  useEffect(() => {
    const element = canvas.current;
    if (!element || !view) return;
    const turn = (event: WheelEvent) => {
      const { left, top } = element.getBoundingClientRect();
      const used = view.wheel(event.clientX - left, event.clientY - top, event.deltaY, event.ctrlKey || event.metaKey);
      if (!used) return;
      event.preventDefault();
      event.stopImmediatePropagation();
    };
    element.addEventListener("wheel", turn, { capture: true, passive: false });
    return () => element.removeEventListener("wheel", turn, { capture: true });
  }, [view]);

  useEffect(() => view?.setOpacity(opacity), [view, opacity]);

  const ready = shown.state === "ready";
  const isBehind = ready && (shown.caseId !== caseId || shown.drawn !== content);
  useEffect(() => {
    if (!ready || !view) return;
    view.showPlane(plane);
    const at = view.slice();
    if (at !== undefined) newest.current.onSlice(at);
    view.repaint(newest.current.opacity);
  }, [view, ready, plane]);

  // A layout effect runs before the browser paints, so image and slice number change in the same frame.
  useLayoutEffect(() => {
    if (ready && slice !== undefined) view?.showSlice(slice);
  }, [view, ready, slice]);

  const [black, white] = window ?? [];
  useEffect(() => {
    if (ready) view?.showWindow(black === undefined || white === undefined ? undefined : [black, white]);
  }, [view, ready, black, white]);

  return (
    <div
      data-testid="viewer"
      data-state={shown.state}
      data-case={shown.state === "ready" ? shown.caseId : undefined}
      aria-busy={isBehind}
      style={{
        position: "relative",
        height: "100%",
        minHeight: 120,
        background: "#000",
        borderRadius: 8,
        overflow: "hidden",
      }}
    >
      <canvas
        ref={canvas}
        style={{ position: "absolute", inset: 0, outline: "none" }}
        aria-label={props.label ?? "Image with overlays"}
      />
      {ready && props.unit && pixelLength !== null && <ScaleBar pixelLength={pixelLength} unit={props.unit} />}
      {shown.state === "loading" && (
        <Center pos="absolute" inset={0}>
          <Loader color="gray" role="status" aria-label="Loading the image" />
        </Center>
      )}
      {shown.state === "failed" && (
        <Center pos="absolute" inset={0} p="lg">
          <Paper withBorder p="sm" maw={420} role="alert">
            <Group gap={6} wrap="nowrap">
              <IconAlertTriangle size={18} color="var(--mantine-color-error)" aria-hidden />
              <Text fw={600} size="sm">
                This case cannot be shown
              </Text>
            </Group>
            <Text size="sm" my={6}>
              {shown.message}
            </Text>
            {view && (
              <Button
                size="compact-sm"
                variant="default"
                onClick={() => {
                  setShown({ state: "loading" });
                  setTries(tries + 1);
                }}
              >
                Try again
              </Button>
            )}
          </Paper>
        </Center>
      )}
      {ready && view && <Readout view={view} canvas={canvas} />}
      <ViewControls view={ready ? view : undefined} turns={plane === "3d"} unit={props.unit ?? null} />
    </div>
  );
}
