import { Card, SimpleGrid, Stack, Text, Title } from "@mantine/core";
import { useMemo } from "react";
import type { FederationRecord, TaskRecord } from "@/api";
import { Chart } from "@/components/Chart";
import type { ChartOption } from "@/components/echarts";
import { formatBytes, formatSeconds } from "@/lib/format";
import { type Cost, trainingCosts } from "@/lib/lanes";
import { siteColour } from "@/lib/palette";
import { participantName, participantPosition } from "./participants";

/** What the rounds cost in time and traffic, by site. */
export function Costs({ tasks, federation }: { tasks: TaskRecord[]; federation: FederationRecord }) {
  const costs = useMemo(() => trainingCosts(tasks), [tasks]);
  const seconds = useMemo(() => barOption(costs, "seconds", federation), [costs, federation]);
  const bytes = useMemo(() => barOption(costs, "bytes", federation), [costs, federation]);
  if (costs.length === 0) return null;
  const total = (key: "seconds" | "bytes") => costs.reduce((sum, cost) => sum + cost[key], 0);
  return (
    <Card withBorder>
      <Stack gap="sm">
        <Title order={2} size="h4">
          Time and traffic
        </Title>
        <SimpleGrid cols={{ base: 1, md: 2 }} spacing="lg">
          <div>
            <Text size="sm" fw={500}>
              Training time by round, {formatSeconds(total("seconds"))} in all
            </Text>
            <Chart option={seconds} height={180} label="Seconds of training by round, stacked by site" />
          </div>
          <div>
            <Text size="sm" fw={500}>
              Bytes sent and received by round, {formatBytes(total("bytes"))} in all
            </Text>
            <Chart option={bytes} height={180} label="Bytes by round, stacked by site" />
          </div>
        </SimpleGrid>
      </Stack>
    </Card>
  );
}

function barOption(costs: Cost[], measure: "seconds" | "bytes", federation: FederationRecord): ChartOption {
  const rounds = [...new Set(costs.map((cost) => cost.round))].sort((left, right) => left - right);
  const sites = [...new Set(costs.map((cost) => cost.participant))].sort(
    (left, right) => participantPosition(left, federation) - participantPosition(right, federation),
  );
  const format = measure === "seconds" ? formatSeconds : formatBytes;
  const value = new Map(costs.map((cost) => [`${cost.round}/${cost.participant}`, cost[measure]]));
  return {
    grid: { left: 60, right: 16, top: 12, bottom: 30 },
    tooltip: { trigger: "axis", confine: true, valueFormatter: (shown) => format(Number(shown)) },
    xAxis: { type: "category", data: rounds.map(String), name: "round", nameLocation: "middle", nameGap: 18 },
    yAxis: { type: "value", splitNumber: 3, axisLabel: { formatter: (shown: number) => format(shown) } },
    series: sites.map((site) => ({
      type: "bar",
      stack: "all",
      barMaxWidth: 36,
      name: participantName(site, federation),
      color: siteColour(participantPosition(site, federation)),
      data: rounds.map((round) => value.get(`${round}/${site}`) ?? 0),
    })),
  };
}
