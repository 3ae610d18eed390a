import { Group, Paper, Portal, Text } from "@mantine/core";
import {
  IconCheck,
  IconClock,
  IconMinus,
  IconPlayerPlayFilled,
  IconUpload,
  IconX,
  type TablerIcon,
} from "@tabler/icons-react";
import { shortName } from "@/lib/names";
import type { Cell, CellState } from "./lanes";
import classes from "./SwimLane.module.css";
import { placeOf, STATE_WORDS, taskFacts } from "./taskFacts";

/** Icon, colour and pattern together, so that no state depends on colour alone. */
export const LOOKS: Record<Exclude<CellState, "none" | "apart">, { icon: TablerIcon }> = {
  waiting: { icon: IconClock },
  training: { icon: IconPlayerPlayFilled },
  sending: { icon: IconUpload },
  done: { icon: IconCheck },
  failed: { icon: IconX },
  skipped: { icon: IconMinus },
};

export function Legend() {
  return (
    <Group gap="md">
      {(Object.keys(LOOKS) as (keyof typeof LOOKS)[]).map((state) => {
        const Icon = LOOKS[state].icon;
        return (
          <Group key={state} gap={6} wrap="nowrap">
            <div className={classes.swatch} data-state={state}>
              <Icon size={12} aria-hidden />
            </div>
            <Text size="xs" c="dimmed">
              {STATE_WORDS[state]}
            </Text>
          </Group>
        );
      })}
      <Group gap={6} wrap="nowrap">
        <div className={classes.swatch} data-state="none" data-best="true" />
        <Text size="xs" c="dimmed">
          best round
        </Text>
      </Group>
    </Group>
  );
}

const TIP_WIDTH = 260;

/** What is known of the cell under the pointer or the focus. */
export function CellTip({ cell, name, rect }: { cell: Cell; name: string; rect: DOMRect }) {
  const left = Math.max(8, Math.min(rect.left, window.innerWidth - TIP_WIDTH - 16));
  const below = rect.bottom + 220 < window.innerHeight;
  const place = below ? { top: rect.bottom + 6 } : { bottom: window.innerHeight - rect.top + 6 };
  return (
    <Portal>
      <Paper
        withBorder
        shadow="md"
        p="xs"
        pos="fixed"
        style={{ left, ...place, width: TIP_WIDTH, zIndex: 300, pointerEvents: "none" }}
        aria-hidden
      >
        <Text size="xs" fw={600} truncate>
          {placeOf(cell, shortName(name, 24))}
        </Text>
        <Text size="xs">{STATE_WORDS[cell.state]}</Text>
        {cell.task && (
          <dl className={classes.facts}>
            {taskFacts(cell.task).map(([label, value]) => (
              <div key={label}>
                <dt>{label}</dt>
                <dd>{value}</dd>
              </div>
            ))}
          </dl>
        )}
        {cell.task?.error && (
          <Text size="xs" c="red" lineClamp={3}>
            {cell.task.error}
          </Text>
        )}
        {cell.task && (
          <Text size="xs" c="dimmed">
            Click for details and log
          </Text>
        )}
      </Paper>
    </Portal>
  );
}
