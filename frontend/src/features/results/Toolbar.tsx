import { Group, Select, Stack, Text } from "@mantine/core";
import type { ExperimentRecord, ExperimentResults, ScoreQuery } from "@/api";
import type { Baseline } from "@/lib/comparison";
import { arrow, METRICS, metricOf } from "@/lib/metrics";
import { modelName } from "@/lib/words";
import { Downloads } from "./Downloads";
import type { ResultRow, Sort } from "./results";
import type { ResultsSearch } from "./search";
import type { Update } from "./useResultsSearch";

interface Props {
  experiment: ExperimentRecord;
  results: ExperimentResults;
  rows: ResultRow[];
  query: ScoreQuery;
  baseline: Baseline | null;
  sort: Sort | null;
  update: Update;
}

const MEAN = "";
const NOBODY = "";

/** What the table is about. Everything here is in the address, and in the links of the downloads. */
export function Toolbar({ experiment, results, rows, query, baseline, sort, update }: Props) {
  const pinned = rows.find((row) => row.strategyLabel === baseline?.label && row.model === baseline.model);
  return (
    <Group align="flex-end" gap="sm">
      <Select
        size="xs"
        w={190}
        label="Metric"
        allowDeselect={false}
        value={query.metric}
        onChange={(value) => update({ metric: METRICS.find((metric) => metric.name === value)?.name })}
        data={METRICS.map(({ name, label }) => ({ value: name, label: `${label} ${arrow(name)}` }))}
        renderOption={({ option }) => <MetricOption name={option.value as ScoreQuery["metric"]} label={option.label} />}
        comboboxProps={{ width: 340, position: "bottom-start" }}
        maxDropdownHeight={540}
      />
      <Select
        size="xs"
        w={190}
        label="Structure"
        allowDeselect={false}
        value={query.structure ?? MEAN}
        onChange={(value) => update({ structure: value || undefined })}
        data={[{ value: MEAN, label: "Mean over structures" }, ...results.structures]}
      />
      <Select
        size="xs"
        w={130}
        label="Checkpoint"
        allowDeselect={false}
        value={query.checkpoint}
        onChange={(value) => update({ checkpoint: value === "last" ? "last" : undefined })}
        data={[
          { value: "best", label: "Best round" },
          { value: "last", label: "Last round" },
        ]}
      />
      <Select
        size="xs"
        w={250}
        label="Compare with"
        searchable={rows.length > 12}
        allowDeselect={false}
        value={pinned?.key ?? NOBODY}
        onChange={(value) => {
          const row = rows.find((entry) => entry.key === value);
          update(pinning(row ?? null));
        }}
        data={[
          { value: NOBODY, label: "No baseline" },
          ...rows.map((row) => ({
            value: row.key,
            label: `${row.strategyLabel}, ${modelName(row.model).toLowerCase()}`,
          })),
        ]}
      />
      <div style={{ marginLeft: "auto" }}>
        <Downloads {...{ experiment, query, baseline, sort }} />
      </div>
    </Group>
  );
}

/** What the address holds of a row that the others are compared with; null: of nobody. */
export function pinning(row: ResultRow | null): ResultsSearch {
  if (row === null) return { baseline: undefined, baselineModel: undefined, alone: true };
  return { baseline: row.strategyLabel, baselineModel: modelOf(row), alone: undefined };
}

export function modelOf(row: ResultRow | undefined): Baseline["model"] | undefined {
  return row === undefined || row.model === "selector" ? undefined : row.model;
}

function MetricOption({ name, label }: { name: ScoreQuery["metric"]; label: string }) {
  return (
    <Stack gap={0}>
      <Text size="sm">{label}</Text>
      <Text size="xs" c="dimmed">
        {metricOf(name).meaning}
      </Text>
    </Stack>
  );
}
