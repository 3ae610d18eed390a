import { Card, Group, SegmentedControl, SimpleGrid, Stack, Text, Title } from "@mantine/core";
import { useMemo, useState } from "react";
import type { FederationRecord, MetricRecord } from "@/api";
import { Chart } from "@/components/Chart";
import type { ChartOption } from "@/components/echarts";
import { SiteMark } from "@/components/SiteMark";
import { type Curve, curves } from "@/lib/curves";
import { siteColour, siteLineType } from "@/lib/palette";
import { participantName, participantPosition } from "./participants";

interface Props {
  metrics: MetricRecord[];
  federation: FederationRecord;
  numRounds: number;
}

type Scale = "value" | "log";

export function Curves({ metrics, federation, numRounds }: Props) {
  const [scale, setScale] = useState<Scale>("value");
  const charts = useMemo(
    () =>
      curves(
        metrics,
        federation.sites.map((site) => site.slug),
      ),
    [metrics, federation],
  );
  const drawn = [...new Set(charts.flatMap((chart) => chart.lines.map((line) => line.site)))];
  return (
    <Card withBorder>
      <Stack gap="sm">
        <Group justify="space-between">
          <Title order={2} size="h4">
            Curves by site
          </Title>
          <Group>
            {drawn.map((site) => (
              <SiteMark
                key={site}
                position={participantPosition(site, federation)}
                name={participantName(site, federation)}
                size="xs"
              />
            ))}
            <SegmentedControl
              size="xs"
              aria-label="Scale of the losses"
              value={scale}
              onChange={(next) => setScale(next as Scale)}
              data={[
                { value: "value", label: "Linear" },
                { value: "log", label: "Log loss" },
              ]}
            />
          </Group>
        </Group>
        {charts.length === 0 ? (
          <Text c="dimmed" size="sm">
            The first numbers come with the first round's training.
          </Text>
        ) : (
          <SimpleGrid cols={{ base: 1, md: 2 }} spacing="lg">
            {charts.map((curve) => (
              <CurveChart key={curve.key} curve={curve} scale={scale} federation={federation} numRounds={numRounds} />
            ))}
          </SimpleGrid>
        )}
      </Stack>
    </Card>
  );
}

function CurveChart(props: { curve: Curve; scale: Scale; federation: FederationRecord; numRounds: number }) {
  const { curve, scale, federation, numRounds } = props;
  const option = useMemo(() => chartOption(curve, scale, federation, numRounds), [curve, scale, federation, numRounds]);
  return (
    <div>
      <Text size="sm" fw={500}>
        {curve.title}
      </Text>
      <Chart option={option} height={220} label={`${curve.title}, one line a site over rounds`} group="curves" />
    </div>
  );
}

function chartOption(curve: Curve, scale: Scale, federation: FederationRecord, numRounds: number): ChartOption {
  const isLoss = curve.measure === "loss";
  return {
    grid: { left: 44, right: 16, top: 12, bottom: 30 },
    tooltip: {
      trigger: "axis",
      confine: true,
      valueFormatter: (value) => (typeof value === "number" ? value.toFixed(3) : "–"),
    },
    xAxis: {
      type: "value",
      name: "round",
      nameLocation: "middle",
      nameGap: 18,
      min: 0,
      max: numRounds,
      minInterval: 1,
      splitLine: { show: false },
    },
    yAxis: isLoss ? { type: scale, scale: true } : { type: "value", min: 0, max: 1 },
    series: curve.lines.map((line) => {
      const position = participantPosition(line.site, federation);
      const colour = siteColour(position);
      return {
        type: "line",
        name: participantName(line.site, federation),
        data: line.points,
        color: colour,
        lineStyle: { color: colour, width: 2, type: siteLineType(position) },
        symbol: "circle",
        symbolSize: line.points.length > 40 ? 0 : 5,
      };
    }),
  };
}
