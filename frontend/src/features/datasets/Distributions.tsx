import { Card, SimpleGrid, Stack, Text, Title } from "@mantine/core";
import type { CaseRecord, DatasetRecord } from "@/api";
import { Chart } from "@/components/Chart";
import type { ChartOption } from "@/components/echarts";
import { formatPercent } from "@/lib/format";
import { STRUCTURE_OUTLINE, structureColour } from "@/lib/palette";
import {
  type Bins,
  commonSizes,
  digitsFor,
  histogram,
  type StructureDistribution,
  spacings,
  structureDistributions,
} from "./histograms";

const COLOUR = "#0b7285";
const HEIGHT = 220;

/** How sizes, spacing, grey values and structures are distributed over the used cases. */
export function Distributions({ dataset, cases }: { dataset: DatasetRecord; cases: CaseRecord[] }) {
  const used = cases.filter((row) => row.used);
  const volumes = used.some((row) => row.depth !== null);
  const structures = structureDistributions(used, Object.keys(dataset.structure_shares));
  const bins = dataset.intensity_histogram.length;
  const grey: Bins = {
    labels: dataset.intensity_histogram.map((_, index) => `${((index + 0.5) / bins).toFixed(2)}`),
    counts: dataset.intensity_histogram.map((share) => Number((100 * share).toFixed(3))),
  };
  return (
    <SimpleGrid cols={{ base: 1, md: 2, xl: 3 }}>
      <Panel title="Image sizes" note="Cases by size in voxels or pixels, in array order.">
        <Bars bins={commonSizes(used)} x="Size (px)" y="Cases" label="Cases by image size" />
      </Panel>
      {spacings(used).map(({ axis, values }) => (
        <Panel key={axis} title={`Spacing: ${axis.toLowerCase()}`} note="Cases by the length of a side, in mm.">
          <Bars
            bins={histogram(values, digitsFor(values))}
            x="Spacing (mm)"
            y="Cases"
            label={`Cases by spacing, ${axis.toLowerCase()}`}
          />
        </Panel>
      ))}
      {bins > 0 && (
        <Panel title="Grey values" note="Share of all pixels, dark (0) to bright (1).">
          <Bars bins={grey} x="Grey value" y="Pixels (%)" label="Share of pixels by grey value" />
        </Panel>
      )}
      {structures.map((structure, index) => (
        <Panel key={structure.structure} title={structure.structure} note={presence(structure, used.length)}>
          <Bars
            bins={histogram(structure.sizes, digitsFor(structure.sizes))}
            x={volumes ? "Volume (ml)" : "Area (px)"}
            y="Cases"
            colour={structureColour(index)}
            label={`Cases by size of ${structure.structure}`}
          />
        </Panel>
      ))}
    </SimpleGrid>
  );
}

function presence({ numPresent, prevalence }: StructureDistribution, total: number): string {
  return `In ${numPresent} of ${total} cases (${formatPercent(prevalence)}); its size where it is present.`;
}

function Panel({ title, note, children }: { title: string; note: string; children: React.ReactNode }) {
  return (
    <Card withBorder>
      <Stack gap={4}>
        <Title order={3} size="h5" style={{ overflowWrap: "anywhere" }}>
          {title}
        </Title>
        <Text size="xs" c="dimmed">
          {note}
        </Text>
        {children}
      </Stack>
    </Card>
  );
}

function Bars(props: { bins: Bins; x: string; y: string; label: string; colour?: string }) {
  const { bins } = props;
  if (bins.counts.length === 0) {
    return (
      <Text size="sm" c="dimmed" py="xl" ta="center">
        Not known: check the data set again.
      </Text>
    );
  }
  const option: ChartOption = {
    grid: { left: 52, right: 12, top: 12, bottom: 46 },
    tooltip: { trigger: "axis" },
    xAxis: {
      type: "category",
      name: props.x,
      nameLocation: "middle",
      nameGap: 28,
      data: bins.labels,
      axisLabel: { hideOverlap: true },
    },
    yAxis: {
      type: "value",
      name: props.y,
      nameLocation: "middle",
      nameGap: 36,
      minInterval: props.y === "Cases" ? 1 : 0,
    },
    series: [
      {
        type: "bar",
        name: props.y,
        data: bins.counts,
        barCategoryGap: "12%",
        barMaxWidth: 48,
        itemStyle: { color: props.colour ?? COLOUR, borderColor: STRUCTURE_OUTLINE, borderWidth: 1 },
      },
    ],
  };
  return <Chart option={option} height={HEIGHT} label={props.label} />;
}
