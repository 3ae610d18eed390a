// biome-ignore-all lint/a11y/useSemanticElements: cells are placed by pixels, so that only the columns in view are drawn; table elements place themselves
// biome-ignore-all lint/a11y/useFocusableInteractive: in a grid the cells take the focus, not the rows and heads (ARIA authoring practices, grid)

import { Card, Group, Stack, Text, Title } from "@mantine/core";
import { useElementSize } from "@mantine/hooks";
import { type KeyboardEvent, useEffect, useMemo, useRef, useState } from "react";
import type { FederationRecord, RunRecord, TaskRecord } from "@/api";
import { useListedShortcuts } from "@/components/useShortcuts";
import type { KeyOf } from "@/lib/shortcuts";
import { type CellPlace, LaneRow } from "./LaneRow";
import { CellTip, Legend } from "./laneLooks";
import { lanes } from "./lanes";
import { participantName } from "./participants";
import classes from "./SwimLane.module.css";
import { visibleColumns } from "./taskFacts";

const MIN_NAME_WIDTH = 150;
/** About the width of a letter; a name is cut in its middle before it takes more than that number of letters. */
const LETTER_WIDTH = 7.5;
const MAX_LETTERS = 34;
const MIN_CELL_WIDTH = 22;
/** Heads of three digits run into each other below this. */
const HEAD_WIDTH = 30;

interface Props {
  run: RunRecord;
  tasks: TaskRecord[];
  federation: FederationRecord;
  /** Id of the task whose panel is open. */
  opened?: string;
  onOpenTask: (taskId: string) => void;
}

/** Row: site; column: round. Only the columns in view are in the page, so that 300 rounds cost what 40 do. */
export function SwimLane({ run, tasks, federation, opened, onOpenTask }: Props) {
  const order = useMemo(() => federation.sites.map((site) => site.slug), [federation]);
  const rows = useMemo(() => lanes(tasks, order, run.num_rounds), [tasks, order, run.num_rounds]);
  const columns = rows[0]?.cells.map((cell) => cell.column) ?? [];
  const { ref: sizer, width } = useElementSize();
  const scroller = useRef<HTMLDivElement>(null);
  const [scrollLeft, setScrollLeft] = useState(0);
  const [tip, setTip] = useState<CellPlace & { rect: DOMRect }>();
  const [active, setActive] = useState<CellPlace>({ row: 0, column: 0 });
  const longest = Math.max(0, ...rows.map((lane) => participantName(lane.participant, federation).length));
  const nameWidth = Math.max(MIN_NAME_WIDTH, 34 + Math.min(longest, MAX_LETTERS) * LETTER_WIDTH);
  const room = width - nameWidth;
  const cellWidth = Math.max(MIN_CELL_WIDTH, Math.floor(room / Math.max(1, columns.length)));
  const [first, last] = visibleColumns(scrollLeft, room, cellWidth, columns.length);
  const pointAt = (place: CellPlace, rect: DOMRect) => setTip({ ...place, rect });

  useListedShortcuts("lanes", rows.length > 0);

  const current = Math.max(0, run.round - 1);
  useEffect(() => {
    // The round under way stays in view, with a few rounds before it.
    if (room <= 0 || !scroller.current) return;
    const end = (current + 3) * cellWidth - room;
    if (end > 0) scroller.current.scrollLeft = end;
    setScrollLeft(scroller.current.scrollLeft);
  }, [current, cellWidth, room]);

  const move = (event: KeyboardEvent) => {
    const step = event.key in STEPS ? STEPS[event.key as keyof typeof STEPS] : undefined;
    if (!step) return;
    event.preventDefault();
    const next = {
      row: clamp(active.row + step[0], rows.length),
      column: Number.isFinite(step[1]) ? clamp(active.column + step[1], columns.length) : step[1] < 0 ? 0 : current,
    };
    setActive(next);
    if (scroller.current) bringIntoView(scroller.current, next.column * cellWidth, cellWidth, room);
    requestAnimationFrame(() =>
      scroller.current?.querySelector<HTMLElement>(`[data-place="${next.row}/${next.column}"]`)?.focus(),
    );
  };
  const tipLane = tip && rows[tip.row];
  const tipCell = tip && tipLane?.cells[tip.column];

  return (
    <Card withBorder>
      <Stack gap="sm">
        <Group justify="space-between">
          <Title order={2} size="h4">
            Sites and rounds
          </Title>
          <Legend />
        </Group>
        <div ref={sizer} />
        {rows.length === 0 ? (
          <Text c="dimmed" size="sm">
            No site has been asked to train yet.
          </Text>
        ) : (
          <div
            ref={scroller}
            className={classes.scroll}
            role="grid"
            aria-label="Sites and rounds: arrow keys move, Enter opens a cell's details"
            aria-rowcount={rows.length + 1}
            aria-colcount={columns.length + 1}
            onScroll={(event) => setScrollLeft(event.currentTarget.scrollLeft)}
            onKeyDown={move}
            onMouseLeave={() => setTip(undefined)}
            onBlur={() => setTip(undefined)}
          >
            <div style={{ width: nameWidth + columns.length * cellWidth, minWidth: "100%" }}>
              <div className={classes.heads} role="row" aria-rowindex={1}>
                <div className={classes.corner} role="columnheader" style={{ width: nameWidth }}>
                  Round
                </div>
                {columns.slice(first, last).map((column, index) => (
                  <div
                    key={column}
                    role="columnheader"
                    aria-colindex={first + index + 2}
                    className={classes.head}
                    data-current={first + index === current}
                    style={{ left: nameWidth + (first + index) * cellWidth, width: cellWidth }}
                  >
                    {showsHead(column, cellWidth, columns.length) ? column : ""}
                  </div>
                ))}
              </div>
              {rows.map((lane, row) => (
                <LaneRow
                  key={lane.participant}
                  lane={lane}
                  row={row}
                  name={participantName(lane.participant, federation)}
                  position={federation.sites.find((site) => site.slug === lane.participant)?.position}
                  first={first}
                  last={last}
                  cellWidth={cellWidth}
                  nameWidth={nameWidth}
                  activeColumn={active.row === row ? active.column : undefined}
                  best={run.best_round}
                  opened={opened}
                  onPoint={pointAt}
                  onActivate={setActive}
                  onOpenTask={onOpenTask}
                />
              ))}
            </div>
          </div>
        )}
      </Stack>
      {tip && tipLane && tipCell && (
        <CellTip cell={tipCell} name={participantName(tipLane.participant, federation)} rect={tip.rect} />
      )}
    </Card>
  );
}

const STEPS: Readonly<Record<Exclude<KeyOf<"lanes">, "Enter">, readonly [number, number]>> = {
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  PageUp: [0, -10],
  PageDown: [0, 10],
  Home: [0, Number.NEGATIVE_INFINITY],
  End: [0, Number.POSITIVE_INFINITY],
};

function clamp(index: number, count: number): number {
  return Math.min(Math.max(0, index), Math.max(0, count - 1));
}

function bringIntoView(scroller: HTMLElement, left: number, cellWidth: number, room: number) {
  if (left < scroller.scrollLeft) scroller.scrollLeft = left;
  else if (left + cellWidth > scroller.scrollLeft + room) scroller.scrollLeft = left + cellWidth - room;
}

/** Narrow columns show each fifth number; `Test` is always shown. */
function showsHead(column: string, cellWidth: number, count: number): boolean {
  if (cellWidth >= HEAD_WIDTH || count < 100 || !Number.isFinite(Number(column))) return true;
  return column === "1" || (Number(column) % 5 === 0 && Number(column) < count - 2);
}
