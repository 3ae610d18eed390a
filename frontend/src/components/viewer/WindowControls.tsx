import { Button, Group, NumberInput, Popover, RangeSlider, Stack, Text } from "@mantine/core";
import { formatIntensity, intensityDigits, windowPresets } from "./intensity";
import type { VolumeInfo } from "./viewer";

const STEPS = 200;

interface Props {
  volume: VolumeInfo;
  window: [number, number];
  /** undefined: the viewer's own choice. */
  onWindow: (window: [number, number] | undefined) => void;
}

/** Which stored values are black and white: with a slider, as numbers, or as a preset. */
export function WindowControls({ volume, window: [black, white], onWindow }: Props) {
  const [low, high] = volume.range;
  const step = (high - low) / STEPS;
  const digits = intensityDigits(high - low);
  const field = (label: string, value: number, change: (value: number) => [number, number]) => (
    <NumberInput
      size="xs"
      w={110}
      label={label}
      value={Number(value.toFixed(digits))}
      decimalScale={digits}
      step={step}
      onChange={(next) => {
        if (typeof next !== "number") return;
        const [from, to] = change(next);
        if (from < to) onWindow([from, to]);
      }}
    />
  );
  return (
    <Stack gap={2} w={125}>
      <Popover position="bottom-end" withArrow trapFocus>
        <Popover.Target>
          <Button variant="transparent" size="compact-xs" p={0} justify="flex-start" c="dimmed" fw={400}>
            Window {formatIntensity(black, high - low)} to {formatIntensity(white, high - low)}
          </Button>
        </Popover.Target>
        <Popover.Dropdown>
          <Stack gap="xs">
            <Group gap="xs">
              {field("Black at", black, (next) => [next, white])}
              {field("White at", white, (next) => [black, next])}
            </Group>
            <Group gap={6}>
              {windowPresets(volume).map((preset) => (
                <Button key={preset.label} size="compact-xs" variant="default" onClick={() => onWindow(preset.window)}>
                  {preset.label}
                </Button>
              ))}
            </Group>
            <Text size="xs" c="dimmed">
              The image holds {formatIntensity(low, high - low)} to {formatIntensity(high, high - low)}.
            </Text>
          </Stack>
        </Popover.Dropdown>
      </Popover>
      <RangeSlider
        size="sm"
        min={low}
        max={high}
        step={step}
        minRange={step}
        label={null}
        value={[black, white]}
        onChange={onWindow}
        thumbFromLabel="Black at"
        thumbToLabel="White at"
      />
    </Stack>
  );
}
