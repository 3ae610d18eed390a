import { Button, Group, SegmentedControl, Slider, Text } from "@mantine/core";
import { IconDownload, IconZoomReset } from "@tabler/icons-react";
import { useEffect, useState } from "react";
import type { RunRecord } from "@/api";
import { saveText } from "@/lib/save";
import { type Curve, curvesCsv } from "./curveData";
import type { RunSearch } from "./search";

interface Props {
  search: RunSearch;
  change: (next: RunSearch) => void;
  charts: Curve[];
  run: RunRecord;
  zoomed: boolean;
}

export function CurveControls({ search, change, charts, run, zoomed }: Props) {
  return (
    <Group gap="md">
      {zoomed && (
        <Button
          size="xs"
          variant="default"
          leftSection={<IconZoomReset size={14} aria-hidden />}
          onClick={() => change({ from: undefined, to: undefined })}
        >
          All rounds
        </Button>
      )}
      <Smoothing weight={search.smooth ?? 0} onChange={(weight) => change({ smooth: weight || undefined })} />
      <SegmentedControl
        size="xs"
        aria-label="Scale of the losses"
        value={search.scale ?? "value"}
        onChange={(next) => change({ scale: next === "log" ? "log" : undefined })}
        data={[
          { value: "value", label: "Linear" },
          { value: "log", label: "Log loss" },
        ]}
      />
      <Button
        size="xs"
        variant="default"
        disabled={charts.length === 0}
        leftSection={<IconDownload size={14} aria-hidden />}
        onClick={() => saveText(curvesCsv(charts), `curves-${run.id}.csv`, "text/csv")}
      >
        CSV
      </Button>
    </Group>
  );
}

/** The address changes when the slider is let go. */
function Smoothing({ weight, onChange }: { weight: number; onChange: (weight: number) => void }) {
  const [shown, setShown] = useState(weight);
  useEffect(() => setShown(weight), [weight]);
  return (
    <Group gap="xs" wrap="nowrap">
      <Text size="xs" c="dimmed">
        Smoothing
      </Text>
      <Slider
        w={120}
        size="sm"
        min={0}
        max={0.99}
        step={0.01}
        label={(value) => value.toFixed(2)}
        thumbLabel="Smoothing of the curves"
        value={shown}
        onChange={setShown}
        onChangeEnd={onChange}
      />
      <Text size="xs" w={28} ta="right">
        {shown.toFixed(2)}
      </Text>
    </Group>
  );
}
