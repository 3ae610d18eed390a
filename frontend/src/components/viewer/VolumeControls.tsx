import { ActionIcon, Card, Group, SegmentedControl, Slider, Stack, Text, Tooltip } from "@mantine/core";
import { IconTargetArrow } from "@tabler/icons-react";
import { useShortcuts } from "@/components/useShortcuts";
import { nextWindow } from "./intensity";
import type { Plane } from "./layers";
import type { VolumeInfo } from "./viewer";
import { WindowControls } from "./WindowControls";

const PLANES: readonly { value: Plane; label: string }[] = [
  { value: "axial", label: "axial" },
  { value: "coronal", label: "coronal" },
  { value: "sagittal", label: "sagittal" },
  { value: "all", label: "all three" },
  { value: "3d", label: "3D" },
];

/** Slices of a large step. */
const MANY = 5;

interface Props {
  volume: VolumeInfo;
  plane: Plane;
  slice: number | undefined;
  /** The axial slice with the largest error. */
  worst: number | undefined;
  window: [number, number];
  onPlane: (plane: Plane) => void;
  onSlice: (slice: number) => void;
  /** undefined: the viewer's own choice. */
  onWindow: (window: [number, number] | undefined) => void;
}

/** Controls for the plane, the slice, and the values that are black and white. */
export function VolumeControls(props: Props) {
  const { volume, plane, worst } = props;
  const count = volume.slices[plane === "all" || plane === "3d" ? "axial" : plane];
  const slice = Math.min(count - 1, props.slice ?? Math.floor(count / 2));
  const axial = plane === "axial" || plane === "all";
  const step = (by: number) => props.onSlice(Math.min(count - 1, Math.max(0, slice + by)));
  useShortcuts("volume", {
    slice: (key) => step(key === "ArrowUp" ? 1 : -1),
    fiveSlices: (key) => step(key === "PageUp" ? MANY : -MANY),
    ends: (key) => props.onSlice(key === "Home" ? 0 : count - 1),
    worst: () => worst !== undefined && axial && props.onSlice(worst),
    window: () => props.onWindow(nextWindow(volume, props.window)),
  });
  return (
    <Card withBorder padding="xs">
      <Group gap="md" justify="space-between" wrap="wrap">
        <Stack gap={2}>
          <Text size="xs" c="dimmed">
            Plane
          </Text>
          <SegmentedControl
            size="xs"
            aria-label="Plane"
            data={[...PLANES]}
            value={plane}
            onChange={(next) => props.onPlane(next as Plane)}
          />
        </Stack>
        {plane === "3d" ? (
          <Text size="xs" c="dimmed" flex={1} miw={120}>
            Drag to turn, wheel to zoom. The image is a veil around the structures.
          </Text>
        ) : (
          <Stack gap={2} miw={90} flex={1}>
            <Text size="xs" c="dimmed" data-testid="slice">
              {plane === "all" ? "Axial slice" : "Slice"} {slice + 1} of {count}
            </Text>
            <Slider
              size="sm"
              min={0}
              max={count - 1}
              step={1}
              label={null}
              value={slice}
              onChange={props.onSlice}
              thumbLabel="Slice"
            />
          </Stack>
        )}
        <Tooltip label="Largest error (E): the axial slice with most wrong voxels of the structures shown">
          <ActionIcon
            variant="default"
            size="lg"
            disabled={worst === undefined || !axial}
            onClick={() => worst !== undefined && props.onSlice(worst)}
            aria-label="Largest error"
          >
            <IconTargetArrow size={18} aria-hidden />
          </ActionIcon>
        </Tooltip>
        <WindowControls volume={volume} window={props.window} onWindow={props.onWindow} />
      </Group>
    </Card>
  );
}
