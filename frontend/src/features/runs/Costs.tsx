import { Card, Group, SegmentedControl, SimpleGrid, Stack, Table, Text, Title } from "@mantine/core";
import { useMemo, useState } from "react";
import type { FederationRecord, TaskRecord } from "@/api";
import { Chart } from "@/components/Chart";
import type { ChartOption } from "@/components/echarts";
import { SiteMark } from "@/components/SiteMark";
import { formatBytes, formatPercent, formatSeconds } from "@/lib/format";
import { shortName } from "@/lib/names";
import { siteColour } from "@/lib/palette";
import { type Cost, type SiteTotal, siteTotals, trainingCosts } from "./lanes";
import { participantName, participantPosition } from "./participants";
import { siteTooltip } from "./siteTooltip";

type Of = (cost: Omit<Cost, "round" | "participant">) => number;

const SECONDS: Record<string, { label: string; of: Of }> = {
  all: { label: "All", of: (cost) => cost.waiting + cost.working + cost.transfer },
  waiting: { label: "Waiting", of: (cost) => cost.waiting },
  working: { label: "Training", of: (cost) => cost.working },
  transfer: { label: "Transfer", of: (cost) => cost.transfer },
};
const bytesOf: Of = (cost) => cost.bytesUp + cost.bytesDown;

/** What the rounds cost in time and traffic, by site. */
export function Costs({ tasks, federation }: { tasks: TaskRecord[]; federation: FederationRecord }) {
  const costs = useMemo(() => {
    const place = (cost: Cost) => participantPosition(cost.participant, federation);
    return trainingCosts(tasks).sort((left, right) => place(left) - place(right));
  }, [tasks, federation]);
  const [part, setPart] = useState("all");
  const secondsOf = (SECONDS[part] ?? SECONDS.all)?.of as Of;
  const seconds = useMemo(() => barOption(costs, secondsOf, formatSeconds, federation), [costs, secondsOf, federation]);
  const bytes = useMemo(() => barOption(costs, bytesOf, formatBytes, federation), [costs, federation]);
  const totals = useMemo(() => siteTotals(costs), [costs]);
  if (costs.length === 0) return null;
  const sum = (of: Of) => totals.reduce((all, total) => all + of(total), 0);
  return (
    <Card withBorder data-testid="costs">
      <Stack gap="sm">
        <Group justify="space-between">
          <Title order={2} size="h4">
            Time and traffic
          </Title>
          <SegmentedControl
            size="xs"
            aria-label="Which seconds"
            value={part}
            onChange={setPart}
            data={Object.entries(SECONDS).map(([value, { label }]) => ({ value, label }))}
          />
        </Group>
        <SimpleGrid cols={{ base: 1, md: 2 }} spacing="lg">
          <div>
            <Text size="sm" fw={500}>
              Seconds by round, {formatSeconds(sum(secondsOf))} in all, summed over sites
            </Text>
            <Chart
              option={seconds}
              height={180}
              label="Seconds by round, stacked by site"
              axisNames={{ y: "Time (s)" }}
            />
          </div>
          <div>
            <Text size="sm" fw={500}>
              Bytes sent and received by round, {formatBytes(sum(bytesOf))} in all
            </Text>
            <Chart
              option={bytes}
              height={180}
              label="Bytes by round, stacked by site"
              axisNames={{ y: "Traffic (B)" }}
            />
          </div>
        </SimpleGrid>
        <Totals totals={totals} federation={federation} />
      </Stack>
    </Card>
  );
}

function Totals({ totals, federation }: { totals: SiteTotal[]; federation: FederationRecord }) {
  const all = totals.reduce((sum, total) => sum + (SECONDS.all?.of(total) ?? 0), 0);
  return (
    <Table.ScrollContainer minWidth={700} mah={360}>
      <Table fz="sm" verticalSpacing={4} stickyHeader aria-label="Time and traffic by site, all rounds">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Site</Table.Th>
            {["Rounds", "Waiting", "Training", "Transfer", "Share of time", "Sent", "Received"].map((title) => (
              <Table.Th key={title} ta="right">
                {title}
              </Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody style={{ fontVariantNumeric: "tabular-nums" }}>
          {totals.map((total) => (
            <Table.Tr key={total.participant}>
              <Table.Td maw={280}>
                <SiteMark
                  position={participantPosition(total.participant, federation)}
                  name={shortName(participantName(total.participant, federation))}
                />
              </Table.Td>
              {[
                String(total.rounds),
                formatSeconds(total.waiting),
                formatSeconds(total.working),
                formatSeconds(total.transfer),
                formatPercent(all > 0 ? (SECONDS.all?.of(total) ?? 0) / all : null),
                formatBytes(total.bytesUp),
                formatBytes(total.bytesDown),
              ].map((value, index) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: columns keep their place
                <Table.Td key={index} ta="right">
                  {value}
                </Table.Td>
              ))}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

/** Maximum number of bars with room side by side. */
const MAX_BARS = 120;

/** Rounds in bars of equal size: one round each, where there is room. */
function binsOf(costs: Cost[]) {
  const last = costs.reduce((most, cost) => Math.max(most, cost.round), 1);
  const size = Math.ceil(last / MAX_BARS);
  const names = Array.from({ length: Math.ceil(last / size) }, (_, bin) => {
    const first = bin * size + 1;
    return size === 1 ? String(first) : `${first}–${Math.min(last, first + size - 1)}`;
  });
  return { size, names, of: (round: number) => Math.floor((round - 1) / size) };
}

function barOption(
  costs: Cost[],
  of: Of,
  format: (value: number) => string,
  federation: FederationRecord,
): ChartOption {
  const bins = binsOf(costs);
  const sites = [...new Set(costs.map((cost) => cost.participant))];
  const value = new Map<string, number>();
  for (const cost of costs) {
    const key = `${bins.of(cost.round)}/${cost.participant}`;
    value.set(key, (value.get(key) ?? 0) + of(cost));
  }
  return {
    grid: { left: 60, right: 16, top: 12, bottom: 34 },
    tooltip: {
      trigger: "axis",
      appendTo: "body",
      formatter: siteTooltip(bins.size > 1 ? "rounds" : "round", Number, format),
    },
    xAxis: {
      type: "category",
      data: bins.names,
      name: bins.size > 1 ? `rounds, ${bins.size} a bar` : "round",
      nameLocation: "middle",
      nameGap: 20,
    },
    yAxis: { type: "value", splitNumber: 3, axisLabel: { formatter: (shown: number) => format(shown) } },
    series: sites.map((site) => ({
      type: "bar",
      stack: "all",
      barMaxWidth: 36,
      name: participantName(site, federation),
      color: siteColour(participantPosition(site, federation)),
      data: bins.names.map((_, bin) => value.get(`${bin}/${site}`) ?? 0),
    })),
  };
}
