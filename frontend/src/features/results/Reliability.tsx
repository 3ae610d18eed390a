import { Stack, Text, useComputedColorScheme } from "@mantine/core";
import { memo, useMemo } from "react";
import type { ReliabilityBin, SelectorGroup } from "@/api";
import { Chart } from "@/components/Chart";
import type { ChartOption } from "@/components/echarts";
import { formatPercent, plural } from "@/lib/format";

const GRID = { left: 44, right: 12, top: 10 };

/** How often the selector is right when it says so; a held-out site has no right answer. */
export const Reliability = memo(function Reliability({ group }: { group: SelectorGroup }) {
  const dark = useComputedColorScheme("light") === "dark";
  const bins = group.calibration?.bins;
  const reliability = useMemo(() => bins && reliabilityOption(bins, dark), [bins, dark]);
  return (
    <Stack gap="xs">
      {bins && reliability && (
        <div>
          <Text size="sm" fw={500}>
            Right answers by certainty
          </Text>
          <Chart
            option={reliability}
            height={190}
            label="Share of right answers by certainty"
            summary={binWords(bins)}
            axisNames={{ x: "Largest probability (%)" }}
          />
        </div>
      )}
      {bins && (
        <Text size="xs" c="dimmed">
          The mark is how certain the selector was. A bar that ends there is honest; one above it was more often right
          than the selector said, one below less often. A bar of few cases says little.
        </Text>
      )}
    </Stack>
  );
});

function binWords(bins: readonly ReliabilityBin[]): string {
  const filled = bins.filter((bin) => bin.num_cases > 0);
  return filled
    .map(
      (bin) =>
        `${formatPercent(bin.accuracy)} right at ${formatPercent(bin.confidence)}, ${plural(bin.num_cases, "case")}`,
    )
    .join("; ");
}

function reliabilityOption(bins: readonly ReliabilityBin[], dark: boolean): ChartOption {
  return {
    grid: { ...GRID, bottom: 24 },
    tooltip: { ...TOOLTIP, formatter: (item) => binWords(bins.slice(indexOf(item)).slice(0, 1)) },
    xAxis: binAxis(bins),
    yAxis: { type: "value", min: 0, max: 1, interval: 0.25, axisLabel: { formatter: percent } },
    series: [
      {
        type: "bar",
        name: "Share of right answers",
        ...BARS,
        itemStyle: { color: dark ? "#4dabf7" : "#1971c2", borderRadius: [2, 2, 0, 0] },
        data: bins.map((bin) => bin.accuracy),
      },
      {
        type: "line",
        name: "Mean certainty",
        silent: true,
        symbol: "rect",
        symbolSize: [34, 4],
        lineStyle: { width: 0 },
        itemStyle: { color: dark ? "#ffa94d" : "#d9480f" },
        // A point stands at its bin's mean: always certain, a selector is above the middle of the last bin, 95 %.
        data: bins.map((bin) => bin.confidence),
      },
    ],
  };
}

const BARS = { barCategoryGap: "12%" } as const;
const TOOLTIP = { trigger: "axis", axisPointer: { type: "shadow" }, confine: true } as const;
const percent = (share: number) => formatPercent(share);
const indexOf = (item: { dataIndex: number } | { dataIndex: number }[]) =>
  (Array.isArray(item) ? item[0]?.dataIndex : item.dataIndex) ?? 0;

function binAxis(bins: readonly { low: number; high: number }[]) {
  return {
    type: "category",
    data: bins.map(({ low, high }) => `${Math.round(low * 100)}–${Math.round(high * 100)}`),
    axisLabel: { fontSize: 10, interval: 0, hideOverlap: true },
    axisTick: { alignWithLabel: true },
  } as const;
}
