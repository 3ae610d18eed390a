import { Group, RangeSlider, Text } from "@mantine/core";
import { useEffect, useState } from "react";
import type { Range } from "@/components/chartRange";

interface Props {
  range: Range;
  last: number;
  /** null: all rounds. */
  onChange: (range: Range | null) => void;
}

/** The rounds that the curves show, also by keyboard. The charts follow when a thumb is let go. */
export function RoundRange({ range: { from, to }, last, onChange }: Props) {
  const [shown, setShown] = useState<[number, number]>([from, to]);
  useEffect(() => setShown([from, to]), [from, to]);
  return (
    <Group gap="sm" wrap="nowrap">
      <Text size="xs" c="dimmed">
        Rounds
      </Text>
      <RangeSlider
        flex={1}
        maw={420}
        size="sm"
        min={0}
        max={last}
        step={1}
        minRange={1}
        label={null}
        thumbFromLabel="First round shown"
        thumbToLabel="Last round shown"
        value={shown}
        onChange={setShown}
        onChangeEnd={([first, end]) => onChange(first <= 0 && end >= last ? null : { from: first, to: end })}
      />
      <Text size="xs" data-testid="rounds-shown">
        {shown[0]} to {shown[1]}
      </Text>
    </Group>
  );
}
