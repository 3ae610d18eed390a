import { Stack, Text, Title } from "@mantine/core";
import { useMemo } from "react";
import type { Report, ReportCurve, ReportSelector } from "@/api";
import { Chart } from "@/components/Chart";
import type { ChartOption } from "@/components/echarts";
import { siteColour, siteLineType } from "@/lib/palette";
import classes from "./Report.module.css";

const CHART_HEIGHT = 300;
const LEGEND_ROW_PX = 24;

/** The same curves as in the PDF. */
export function ReportCharts({ report }: { report: Report }) {
  const curves = useMemo(() => curvesOption(report.curves), [report]);
  const sweep = useMemo(() => (report.selector ? sweepOption(report.selector) : null), [report]);
  const rows = Math.ceil(report.curves.length / 3);
  return (
    <Stack gap="xl">
      {sweep && report.selector && report.selector.sweep.length > 1 && (
        <Stack gap="sm" component="section" className={classes.whole}>
          <Title order={2} size="h3">
            Threshold of the selector
          </Title>
          <Text size="sm" c="dimmed">
            Dice ↑ of the super model at every γ, all sites; the run had γ = {report.selector.gamma}.
          </Text>
          <Chart option={sweep} height={CHART_HEIGHT} label="Dice of the super model at every threshold gamma" />
        </Stack>
      )}
      {report.curves.length > 0 && (
        <Stack gap="sm" component="section" className={classes.whole}>
          <Title order={2} size="h3">
            Validation Dice by round
          </Title>
          <Chart
            option={curves}
            height={CHART_HEIGHT + rows * LEGEND_ROW_PX}
            label="Validation Dice over rounds, one line a run"
          />
        </Stack>
      )}
    </Stack>
  );
}

function curvesOption(curves: readonly ReportCurve[]): ChartOption {
  return {
    grid: { left: 52, right: 16, top: 12, bottom: 44 + Math.ceil(curves.length / 3) * LEGEND_ROW_PX },
    legend: { bottom: 0, left: "center", itemWidth: 28, width: "92%" },
    tooltip: {
      trigger: "axis",
      confine: true,
      valueFormatter: (value) => (typeof value === "number" ? value.toFixed(3) : "–"),
    },
    xAxis: {
      type: "value",
      name: "round",
      nameLocation: "middle",
      nameGap: 22,
      min: 0,
      minInterval: 1,
      splitLine: { show: false },
    },
    yAxis: { type: "value", scale: true, name: "" },
    series: curves.map((curve, position) => ({
      type: "line",
      name: `${curve.label}, seed ${curve.seed}`,
      data: curve.points.map(([round, value]) => [round, value]),
      color: siteColour(position),
      lineStyle: { color: siteColour(position), width: 2, type: siteLineType(position) },
      symbol: "circle",
      symbolSize: curve.points.length > 40 ? 0 : 5,
    })),
  };
}

function sweepOption(selector: ReportSelector): ChartOption {
  return {
    grid: { left: 52, right: 24, top: 16, bottom: 40 },
    tooltip: { trigger: "axis", confine: true },
    xAxis: {
      type: "value",
      name: "γ",
      nameLocation: "middle",
      nameGap: 24,
      min: 0,
      max: 1,
      splitLine: { show: false },
    },
    yAxis: { type: "value", scale: true },
    series: [
      {
        type: "line",
        name: "Super model",
        data: selector.sweep.map(([gamma, mean]) => [gamma, mean]),
        step: "end",
        symbolSize: 0,
        color: siteColour(0),
        markLine: {
          symbol: "none",
          silent: true,
          label: { formatter: "as the run had it" },
          data: [{ xAxis: selector.gamma }],
        },
      },
    ],
  };
}
