import { Text, useComputedColorScheme } from "@mantine/core";
import { memo, useMemo } from "react";
import type { FederationRecord, SelectorCases } from "@/api";
import { Chart } from "@/components/Chart";
import type { ChartOption } from "@/components/echarts";
import { plural } from "@/lib/format";
import { siteColour } from "@/lib/palette";
import { siteLook } from "@/lib/sites";
import { histogramBySite, type SiteHistogram } from "./rescore";
import { formatGamma } from "./selector";
import { GRID } from "./sweepOption";

interface Props {
  cases: SelectorCases;
  wanted: readonly number[];
  federation: FederationRecord;
  gamma: number;
}

const NUM_BINS = 20;
/** A legend of more sites than this would leave no room for the bars; the tooltip names them. */
const MAX_NAMED = 8;

/** How certain the selector is of each site's cases; what lies left of the threshold goes to the global model. */
export const CertaintyBySite = memo(function CertaintyBySite({ cases, wanted, federation, gamma }: Props) {
  const dark = useComputedColorScheme("light") === "dark";
  const sites = useMemo(() => histogramBySite(cases, wanted, NUM_BINS), [cases, wanted]);
  const option = useMemo(() => optionOf(sites, federation, gamma, dark), [sites, federation, gamma, dark]);
  return (
    <div data-testid="certainty-by-site">
      <Text size="sm" fw={500}>
        Cases by largest probability and site
      </Text>
      <Text size="xs" c="dimmed">
        Left of the line a case goes to the global model, right of it to the most probable site's.
      </Text>
      <Chart
        option={option}
        height={sites.length > MAX_NAMED ? 170 : 190}
        label={`Cases of each site by the selector's largest probability, with the threshold at ${formatGamma(gamma)}`}
        axisNames={{ x: "Largest probability, middle of the bar" }}
      />
    </div>
  );
});

function optionOf(
  sites: readonly SiteHistogram[],
  federation: FederationRecord,
  gamma: number,
  dark: boolean,
): ChartOption {
  const named = sites.length <= MAX_NAMED;
  const line = dark ? "#ffa94d" : "#d9480f";
  return {
    grid: { ...GRID, top: named ? 32 : 12, bottom: 40 },
    legend: { show: named, top: 0, right: GRID.right, itemWidth: 12, itemHeight: 12 },
    tooltip: {
      trigger: "item",
      confine: true,
      formatter: (item) => {
        const bar = Array.isArray(item) ? item[0] : item;
        if (!bar) return "";
        const [middle, count] = bar.value as [number, number];
        const half = 0.5 / NUM_BINS;
        const range = `above ${Math.round((middle - half) * 100)} %, to ${Math.round((middle + half) * 100)} %`;
        return `${bar.seriesName}<br>${plural(count, "case")} ${range}`;
      },
    },
    xAxis: { type: "value", min: 0, max: 1, name: "largest probability", nameLocation: "middle", nameGap: 24 },
    yAxis: { type: "value", minInterval: 1, splitNumber: 3, name: named ? "cases" : undefined },
    series: sites.map(({ slug, counts }, position) => {
      const look = siteLook(slug, federation);
      return {
        type: "bar",
        name: look.name,
        stack: "cases",
        barWidth: `${88 / NUM_BINS}%`,
        itemStyle: { color: siteColour(look.position) },
        data: counts.map((count, bin) => [(bin + 0.5) / NUM_BINS, count]),
        markLine:
          position === 0
            ? {
                symbol: "none",
                silent: true,
                data: [{ xAxis: gamma, lineStyle: { color: line, type: "solid", width: 2 }, label: { show: false } }],
              }
            : undefined,
      };
    }),
  };
}
