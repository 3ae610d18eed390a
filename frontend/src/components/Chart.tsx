import { Skeleton, useComputedColorScheme } from "@mantine/core";
import { lazy, Suspense } from "react";
import type { Zoom } from "./chartZoom";
import type { ChartOption } from "./echarts";

const EChart = lazy(() => import("./EChart"));

interface ChartProps {
  option: ChartOption;
  height?: number;
  /** What a screen reader says of the chart. */
  label: string;
  /** Charts of one group show their tooltips together. */
  group?: string;
  /** Lets one zoom along the x-axis; the range is the caller's, for the URL holds it. */
  zoom?: Zoom;
}

/** The chart library is fetched only when a chart is shown. */
export function Chart(props: ChartProps) {
  const scheme = useComputedColorScheme("light");
  const height = props.height ?? 240;
  return (
    <Suspense fallback={<Skeleton h={height} />}>
      <EChart key={scheme} {...props} height={height} dark={scheme === "dark"} />
    </Suspense>
  );
}
