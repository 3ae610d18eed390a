import { Card, Group, Stack, Text, Title } from "@mantine/core";
import { IconCheck, IconClock, IconMinus, IconPlayerPlayFilled, IconX, type TablerIcon } from "@tabler/icons-react";
import { type MouseEvent, useState } from "react";
import type { FederationRecord, RunRecord, TaskRecord } from "@/api";
import { SiteMark } from "@/components/SiteMark";
import { formatBytes, formatPercent, formatSeconds } from "@/lib/format";
import { type Cell, type CellState, type Lane, lanes, openTasks, TEST_COLUMN } from "@/lib/lanes";
import { participantName } from "./participants";
import classes from "./SwimLane.module.css";

const LOOKS: Record<Exclude<CellState, "none">, { label: string; icon: TablerIcon }> = {
  waiting: { label: "waiting", icon: IconClock },
  training: { label: "at work", icon: IconPlayerPlayFilled },
  done: { label: "done", icon: IconCheck },
  failed: { label: "failed", icon: IconX },
  skipped: { label: "skipped", icon: IconMinus },
};

/** With more columns than this a cell is too narrow for its icon; colour and pattern still tell the states apart. */
const MOST_ICON_COLUMNS = 45;
/** About so many column heads fit side by side. */
const MOST_HEADS = 25;

interface Props {
  run: RunRecord;
  tasks: TaskRecord[];
  federation: FederationRecord;
}

/** Row: site; column: round. Answers "who are we waiting for". */
export function SwimLane({ run, tasks, federation }: Props) {
  const order = federation.sites.map((site) => site.slug);
  const rows = lanes(tasks, order, run.num_rounds);
  const [hovered, setHovered] = useState<string>();
  const findCell = (event: MouseEvent) => {
    const cell = (event.target as HTMLElement).closest<HTMLElement>("[data-says]");
    setHovered(cell?.dataset.says);
  };
  return (
    <Card withBorder>
      <Stack gap="sm">
        <Group justify="space-between">
          <Title order={2} size="h4">
            Sites and rounds
          </Title>
          <Legend />
        </Group>
        {rows.length === 0 ? (
          <Text c="dimmed" size="sm">
            No site has been asked to train yet.
          </Text>
        ) : (
          <div
            className={classes.scroll}
            onMouseOver={findCell}
            onMouseLeave={() => setHovered(undefined)}
            onFocus={() => {}}
          >
            <Grid rows={rows} run={run} federation={federation} />
          </div>
        )}
        <Text size="sm" c="dimmed" aria-live="polite" mih={22}>
          {hovered ?? <WaitingFor tasks={tasks} federation={federation} />}
        </Text>
      </Stack>
    </Card>
  );
}

function Grid({ rows, run, federation }: { rows: Lane[]; run: RunRecord; federation: FederationRecord }) {
  const columns = rows[0]?.cells.map((cell) => cell.column) ?? [];
  const every = Math.ceil(columns.length / MOST_HEADS);
  return (
    <div
      className={classes.grid}
      style={{
        gridTemplateColumns: `minmax(120px, 190px) repeat(${columns.length - 1}, minmax(5px, 1fr)) minmax(34px, 1fr)`,
      }}
    >
      <div className={classes.head} style={{ textAlign: "left" }}>
        Round
      </div>
      {columns.map((column) => (
        <div key={column} className={classes.head}>
          {showsHead(column, every, run.num_rounds) ? column : ""}
        </div>
      ))}
      {rows.map((lane) => (
        <LaneRow
          key={lane.participant}
          lane={lane}
          run={run}
          federation={federation}
          icons={columns.length <= MOST_ICON_COLUMNS}
        />
      ))}
    </div>
  );
}

/** The last round's head would run into the test's where columns are narrow. */
function showsHead(column: string, every: number, numRounds: number): boolean {
  if (column === TEST_COLUMN || column === "1" || every === 1) return true;
  return Number(column) % every === 0 && Number(column) < numRounds;
}

function LaneRow({
  lane,
  run,
  federation,
  icons,
}: {
  lane: Lane;
  run: RunRecord;
  federation: FederationRecord;
  icons: boolean;
}) {
  const site = federation.sites.find((entry) => entry.slug === lane.participant);
  const name = participantName(lane.participant, federation);
  return (
    <>
      <div className={classes.name}>
        {site ? <SiteMark position={site.position} name={name} /> : <Text size="sm">{name}</Text>}
      </div>
      {lane.cells.map((cell) => (
        <CellBox
          key={cell.column}
          cell={cell}
          says={describeCell(cell, name)}
          best={cell.column === String(run.best_round)}
          icons={icons}
        />
      ))}
    </>
  );
}

function CellBox({ cell, says, best, icons }: { cell: Cell; says: string; best: boolean; icons: boolean }) {
  const Icon = cell.state === "none" ? undefined : LOOKS[cell.state].icon;
  return (
    <div
      className={classes.cell}
      data-state={cell.state}
      data-best={best}
      data-says={says}
      role="img"
      aria-label={says}
    >
      {Icon && icons && <Icon size={14} aria-hidden />}
      {cell.state === "training" && (
        <div className={classes.fraction} style={{ width: `${(cell.task?.fraction ?? 0) * 100}%` }} />
      )}
    </div>
  );
}

function describeCell(cell: Cell, name: string): string {
  const where = cell.column === TEST_COLUMN ? `${name}, test` : `${name}, round ${cell.column}`;
  if (cell.state === "none") return `${where}: not begun`;
  const { task } = cell;
  const parts = [LOOKS[cell.state].label];
  if (task?.status === "running") parts.push(formatPercent(task.fraction));
  if (task && task.attempt > 1) parts.push(`attempt ${task.attempt}`);
  if (task?.seconds) parts.push(formatSeconds(task.seconds));
  if (task?.bytes_up) parts.push(`${formatBytes(task.bytes_up)} sent`);
  if (task?.worker) parts.push(`by ${task.worker}`);
  if (task?.error) parts.push(task.error);
  return `${where}: ${parts.join(", ")}`;
}

const DOING: Record<TaskRecord["kind"], string> = {
  describe_dataset: "reading data",
  initialize_run: "preparing the first round",
  train_site: "training",
  aggregate_round: "averaging the updates",
  validate_site: "validating the last round",
  evaluate_site: "testing the best round",
  dry_run_site: "trying a few steps",
  predict_case: "predicting an image",
};

function WaitingFor({ tasks, federation }: { tasks: TaskRecord[]; federation: FederationRecord }) {
  const open = openTasks(tasks);
  if (open.length === 0) return <>Point at a cell for its details.</>;
  const words = open.slice(0, 6).map((task) => {
    const state =
      task.status === "running" ? `${DOING[task.kind]} ${formatPercent(task.fraction)}` : "waiting for a worker";
    return `${participantName(task.participant, federation)} (${state})`;
  });
  const more = open.length > 6 ? ` and ${open.length - 6} more` : "";
  return (
    <>
      Waiting for {words.join(", ")}
      {more}.
    </>
  );
}

function Legend() {
  return (
    <Group gap="md">
      {(Object.keys(LOOKS) as (keyof typeof LOOKS)[]).map((state) => {
        const Icon = LOOKS[state].icon;
        return (
          <Group key={state} gap={6}>
            <div className={classes.cell} data-state={state} style={{ width: 22, height: 18 }}>
              <Icon size={12} aria-hidden />
            </div>
            <Text size="xs" c="dimmed">
              {LOOKS[state].label}
            </Text>
          </Group>
        );
      })}
      <Group gap={6}>
        <div className={classes.cell} data-state="none" data-best="true" style={{ width: 22, height: 18 }} />
        <Text size="xs" c="dimmed">
          best round
        </Text>
      </Group>
    </Group>
  );
}
