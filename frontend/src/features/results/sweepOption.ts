/** The gamma sweep as a chart: thresholds in equal steps, as the slider below it has them. */

import type { RunSelector, SweepPoint } from "@/api";
import type { ChartOption } from "@/components/echarts";
import { formatPercent } from "@/lib/format";
import { formatScore, metricTitle, scoreDigits } from "@/lib/metrics";
import { formatGamma } from "./selector";

export const GRID = { left: 64, right: 56 };

const COLOURS = {
  light: { score: "#0b7285", share: "#868e96", text: "#495057", now: "#d9480f" },
  dark: { score: "#3bc9db", share: "#868e96", text: "#c1c2c5", now: "#ffa94d" },
};

export function sweepOption(
  selector: RunSelector,
  sweep: readonly SweepPoint[],
  at: number,
  ranAt: number,
  dark: boolean,
  /** Dice on validation cases, one a threshold. */
  validation: readonly (number | null)[] | null = null,
): ChartOption {
  const colours = dark ? COLOURS.dark : COLOURS.light;
  const gammas = sweep.map((point) => formatGamma(point.gamma));
  const name = metricTitle(selector.metric);
  // The steps above 0.99 are too close for words.
  const isLabelled = (index: number) => (index % 10 === 0 && index <= 90) || index === sweep.length - 1;
  return {
    grid: { ...GRID, top: 26, bottom: 26 },
    tooltip: {
      trigger: "axis",
      confine: true,
      formatter: (items) => {
        const index = Array.isArray(items) ? items[0]?.dataIndex : items.dataIndex;
        const point = index === undefined ? undefined : sweep[index];
        if (!point) return "";
        const share = formatPercent(point.share_global);
        const ofValidation = index === undefined ? null : (validation?.[index] ?? null);
        const alsoValidation =
          ofValidation === null ? "" : `<br>${formatScore(ofValidation, "dice")} on validation cases`;
        return `γ = ${formatGamma(point.gamma)}<br>${name} ${formatScore(point.mean, selector.metric)}${alsoValidation}<br>${share} to the global model`;
      },
    },
    xAxis: {
      type: "category",
      boundaryGap: false,
      data: gammas,
      axisLabel: { interval: isLabelled },
      axisTick: { interval: isLabelled },
    },
    yAxis: [
      {
        type: "value",
        scale: true,
        name,
        nameTextStyle: { align: "left", padding: [0, 0, 0, -40] },
        minInterval: 10 ** -scoreDigits(selector.metric),
        axisLabel: { formatter: (value: number) => formatScore(value, selector.metric) },
        splitNumber: 4,
      },
      {
        type: "value",
        min: 0,
        max: 1,
        interval: 0.25,
        name: "to the global model",
        nameTextStyle: { align: "right", padding: [0, -40, 0, 0] },
        splitLine: { show: false },
        axisLabel: { formatter: (share: number) => formatPercent(share) },
      },
    ],
    series: [
      {
        type: "line",
        name: "Share of cases to the global model",
        yAxisIndex: 1,
        step: "end",
        symbol: "none",
        lineStyle: { width: 0 },
        areaStyle: { color: colours.share, opacity: 0.22 },
        data: sweep.map((point) => point.share_global),
      },
      ...(validation
        ? [
            {
              type: "line" as const,
              name: "Dice on validation cases",
              step: "end" as const,
              symbol: "none",
              connectNulls: true,
              lineStyle: { width: 1.5, type: "dashed" as const, color: colours.score },
              itemStyle: { color: colours.score },
              data: [...validation],
            },
          ]
        : []),
      {
        type: "line",
        name,
        step: "end",
        symbol: "none",
        lineStyle: { width: 2.5, color: colours.score },
        itemStyle: { color: colours.score },
        data: sweep.map((point) => point.mean),
        markLine: {
          symbol: "none",
          silent: true,
          data: [
            {
              xAxis: ranAt,
              lineStyle: { color: colours.text, type: "dashed", width: 1.5 },
              label: { formatter: "run", color: colours.text, position: "insideEndTop", distance: 4, rotate: 0 },
            },
            { xAxis: at, lineStyle: { color: colours.now, type: "solid", width: 2 }, label: { show: false } },
          ],
        },
      },
    ],
  };
}
