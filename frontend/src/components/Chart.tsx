import { Button, Skeleton, useComputedColorScheme } from "@mantine/core";
import { IconChartLine, IconTable } from "@tabler/icons-react";
import { Suspense, useState } from "react";
import { lazyPart } from "@/lib/patientImport";
import classes from "./Chart.module.css";
import type { AxisNames } from "./chartRows";
import type { Zoom } from "./chartZoom";
import type { ChartOption } from "./echarts";
import { useTurn } from "./Later";

const EChart = lazyPart(() => import("./EChart"));
const ChartTable = lazyPart(() => import("./ChartTable"));

interface ChartProps {
  option: ChartOption;
  height?: number;
  /** What a screen reader says of the chart, and the caption of its table. */
  label: string;
  /** What a screen reader says after it. */
  summary?: string;
  /** Charts of one group show their tooltips together. */
  group?: string;
  /** Lets one zoom along the x-axis; the range is the caller's, for the URL holds it. */
  zoom?: Zoom;
  /** What an axis counts, with its unit, where the chart does not say it: the heads of the table's columns. */
  axisNames?: AxisNames;
  /** Something below the chart is in line with it: the way to the table goes above. */
  footAbove?: boolean;
}

/** A chart, and the table of its numbers in its place. The chart library is fetched only when a chart is shown, and a
 * chart below the window is drawn after what is in it. */
export function Chart({ axisNames, footAbove, summary, ...props }: ChartProps) {
  const scheme = useComputedColorScheme("light");
  const { place, isDue } = useTurn();
  const [asTable, setAsTable] = useState(false);
  const { option, label, height = 240 } = props;
  const Icon = asTable ? IconChartLine : IconTable;
  const foot = (
    <div className={footAbove ? `${classes.foot} ${classes.whole}` : classes.foot}>
      <Button
        size="compact-xs"
        variant="subtle"
        color="gray"
        fw={400}
        leftSection={<Icon size={14} aria-hidden />}
        aria-label={`${asTable ? "Show as chart" : "Show as table"}: ${label}`}
        onClick={() => setAsTable(!asTable)}
      >
        {asTable ? "Show as chart" : "Show as table"}
      </Button>
    </div>
  );
  return (
    <div className={classes.chart}>
      {footAbove && foot}
      <Suspense fallback={<Skeleton h={height} className={classes.whole} />}>
        {asTable ? (
          <ChartTable {...{ option, axisNames, label, height }} />
        ) : !isDue ? (
          <Skeleton ref={place} h={height} className={classes.whole} />
        ) : (
          <div className={classes.whole}>
            <EChart
              key={scheme}
              {...props}
              label={summary ? `${label}: ${summary}` : label}
              height={height}
              dark={scheme === "dark"}
            />
          </div>
        )}
      </Suspense>
      {!footAbove && foot}
    </div>
  );
}
