/** Zoom into the rounds of a chart: drag over it, or turn the wheel with Ctrl held; a double click shows all. */

import { useEffect, useRef } from "react";
import { type Range, zoomed } from "./chartRange";
import type { init } from "./echarts";

type ECharts = ReturnType<typeof init>;

export interface Zoom {
  range: Range;
  /** The last value of the axis. */
  last: number;
  /** null: everything. */
  onChange: (range: Range | null) => void;
}

/** A shorter drag counts as a click. */
const MIN_DRAG_PX = 6;
const WHEEL_FACTOR = 0.8;

/** The wheel alone scrolls the page: a chart that took it would stop everybody who scrolls past. */
export function useChartZoom(chart: () => ECharts | undefined, element: () => HTMLElement | null, zoom?: Zoom) {
  const latest = useRef(zoom);
  latest.current = zoom;
  const enabled = zoom !== undefined;
  // biome-ignore lint/correctness/useExhaustiveDependencies: both only read refs, and are made anew in each render
  useEffect(() => {
    const box = element();
    if (!enabled || !box) return;
    return listen(box, (x) => valueAt(chart(), x), latest);
  }, [enabled]);
}

function listen(box: HTMLElement, at: (x: number) => number, latest: { current: Zoom | undefined }): () => void {
  const mark = selectionMark(box);
  let start: number | undefined;
  const xOf = (event: MouseEvent) => event.clientX - box.getBoundingClientRect().left;
  const down = (event: PointerEvent) => {
    if (event.button === 0) start = xOf(event);
  };
  const move = (event: PointerEvent) => {
    if (start === undefined || Math.abs(xOf(event) - start) < MIN_DRAG_PX) return;
    const [left, right] = [Math.min(start, xOf(event)), Math.max(start, xOf(event))];
    Object.assign(mark.style, { display: "block", left: `${left}px`, width: `${right - left}px` });
  };
  const up = (event: PointerEvent) => {
    const from = start;
    start = undefined;
    mark.style.display = "none";
    const zoom = latest.current;
    if (from === undefined || !zoom || Math.abs(xOf(event) - from) < MIN_DRAG_PX) return;
    const [low, high] = [at(Math.min(from, xOf(event))), at(Math.max(from, xOf(event)))];
    const next = { from: Math.max(zoom.range.from, Math.round(low)), to: Math.min(zoom.range.to, Math.round(high)) };
    if (next.to > next.from) zoom.onChange(next);
  };
  const wheel = (event: WheelEvent) => {
    const zoom = latest.current;
    if (!event.ctrlKey || !zoom) return;
    event.preventDefault();
    const factor = event.deltaY < 0 ? WHEEL_FACTOR : 1 / WHEEL_FACTOR;
    zoom.onChange(zoomed(zoom.range, at(xOf(event)), factor, zoom.last));
  };
  const all = () => latest.current?.onChange(null);
  box.addEventListener("pointerdown", down);
  window.addEventListener("pointermove", move);
  window.addEventListener("pointerup", up);
  box.addEventListener("wheel", wheel, { passive: false });
  box.addEventListener("dblclick", all);
  return () => {
    box.removeEventListener("pointerdown", down);
    window.removeEventListener("pointermove", move);
    window.removeEventListener("pointerup", up);
    box.removeEventListener("wheel", wheel);
    box.removeEventListener("dblclick", all);
    mark.remove();
  };
}

function selectionMark(box: HTMLElement): HTMLElement {
  const mark = document.createElement("div");
  Object.assign(mark.style, {
    position: "absolute",
    top: "0",
    bottom: "0",
    display: "none",
    pointerEvents: "none",
    background: "var(--mantine-primary-color-filled)",
    opacity: "0.2",
  });
  box.append(mark);
  return mark;
}

function valueAt(chart: ECharts | undefined, x: number): number {
  return Number(chart?.convertFromPixel({ xAxisIndex: 0 }, x) ?? 0);
}
