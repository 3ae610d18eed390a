import { Card, Group, SimpleGrid, Stack, Text, Title } from "@mantine/core";
import { useDeferredValue, useMemo } from "react";
import type { FederationRecord, RunRecord } from "@/api";
import { Chart } from "@/components/Chart";
import type { Range } from "@/components/chartRange";
import { CurveControls } from "./CurveControls";
import { CurveLegend } from "./CurveLegend";
import { type Curve, type CurveData, curves } from "./curveData";
import { curveOption, MANY_ROWS } from "./curveOption";
import { participantName, participantPosition } from "./participants";
import { RoundRange } from "./RoundRange";
import { useRunSearch } from "./useRunSearch";

interface Props {
  data: CurveData;
  federation: FederationRecord;
  run: RunRecord;
}

/** One chart a measure and model, one line a site. All charts show the same rounds, sites and smoothing. */
export function Curves({ data, federation, run }: Props) {
  const [search, change] = useRunSearch();
  const charts = useMemo(
    () =>
      curves(
        data,
        federation.sites.map((site) => site.slug),
      ),
    [data, federation],
  );
  const sites = useMemo(() => [...new Set(charts.flatMap((chart) => chart.lines.map((line) => line.site)))], [charts]);
  const hidden = search.hide ?? [];
  const range: Range = { from: search.from ?? 0, to: search.to ?? run.num_rounds };
  const zoom = (next: Range | null) => change({ from: next?.from, to: next?.to });
  return (
    <Card withBorder data-testid="curves">
      <Stack gap="sm">
        <Group justify="space-between">
          <Title order={2} size="h4">
            Curves by site
          </Title>
          <CurveControls
            search={search}
            change={change}
            charts={charts}
            run={run}
            zoomed={search.from !== undefined || search.to !== undefined}
          />
        </Group>
        {charts.length === 0 ? (
          <Text c="dimmed" size="sm">
            The first numbers come with the first round's training.
          </Text>
        ) : (
          <>
            <CurveLegend
              sites={sites}
              hidden={hidden}
              federation={federation}
              onChange={(hide) => change({ hide: hide.length > 0 ? hide : undefined })}
            />
            {run.num_rounds > 1 && <RoundRange range={range} last={run.num_rounds} onChange={zoom} />}
            <SimpleGrid cols={{ base: 1, md: 2 }} spacing="lg">
              {charts.map((curve) => (
                <CurveChart
                  key={curve.key}
                  curve={curve}
                  federation={federation}
                  numRounds={run.num_rounds}
                  hidden={hidden}
                  scale={search.scale}
                  weight={search.smooth ?? 0}
                  range={range}
                  onZoom={zoom}
                />
              ))}
            </SimpleGrid>
            <Text size="xs" c="dimmed">
              A drag over a chart zooms into its rounds too, and so does the wheel with Ctrl held; a double click shows
              all rounds.
            </Text>
          </>
        )}
      </Stack>
    </Card>
  );
}

interface ChartProps {
  curve: Curve;
  federation: FederationRecord;
  numRounds: number;
  hidden: string[];
  scale: "log" | undefined;
  weight: number;
  range: Range;
  onZoom: (range: Range | null) => void;
}

function CurveChart({ curve, federation, numRounds, hidden, scale, range, onZoom, ...props }: ChartProps) {
  // The slider moves at once; many long lines may follow a moment later.
  const weight = useDeferredValue(props.weight);
  const hiddenKey = hidden.join("\n");
  const { from, to } = range;
  const option = useMemo(() => {
    const left = new Set(hiddenKey.split("\n"));
    const lines = curve.lines
      .filter((line) => !left.has(line.site))
      .map((line) => ({
        name: participantName(line.site, federation),
        position: participantPosition(line.site, federation),
        points: line.points,
      }));
    return curveOption({ lines, isLoss: curve.measure === "loss", log: scale === "log", weight, range: { from, to } });
  }, [curve, federation, hiddenKey, scale, weight, from, to]);
  return (
    <div>
      <Text size="sm" fw={500}>
        {curve.title}
      </Text>
      <Chart
        option={option}
        height={230}
        label={`${curve.title}, one line a site over rounds`}
        group={curve.lines.length <= MANY_ROWS ? "curves" : undefined}
        zoom={{ range, last: numRounds, onChange: onZoom }}
      />
    </div>
  );
}
