import { Alert, Card, Group, Progress, Stack, Text } from "@mantine/core";
import { IconAlertTriangle, IconClockPause } from "@tabler/icons-react";
import type { FederationRecord, RunRecord, TaskRecord } from "@/api";
import { StateBadge } from "@/components/StateBadge";
import { useMay } from "@/components/useMay";
import { useNow } from "@/components/useNow";
import { WHERE_HOSPITALS_DECIDE } from "@/lib/approvals";
import { clockTime, formatBytes, formatDice, plural } from "@/lib/format";
import { shortName } from "@/lib/names";
import { stoppedRemedy } from "@/lib/runControls";
import { isOver } from "@/lib/status";
import { Approvals } from "./Approvals";
import { FailurePanel } from "./FailurePanel";
import { FinishedPanel } from "./FinishedPanel";
import { LeftOut } from "./LeftOut";
import { participantName } from "./participants";
import { RunActions } from "./RunActions";
import { absenceSentences, activityOf, elapsedSeconds, unapproved, waitingSentence, wholeSeconds } from "./waiting";

interface Props {
  run: RunRecord;
  tasks: TaskRecord[];
  federation: FederationRecord;
  onOpenTask: (taskId: string) => void;
}

/** How far the run is, whom it waits for, what it has used, and what one can do with it. */
export function RunHeader({ run, tasks, federation, onOpenTask }: Props) {
  const active = !isOver(run) && run.status !== "created";
  const may = useMay("run_experiments", federation.id);
  const now = useNow(active ? 1_000 : 60_000);
  return (
    <Card withBorder className="tabular">
      <Stack gap="sm">
        <Group justify="space-between" wrap="nowrap" align="flex-start">
          <Group gap="md">
            <StateBadge state={run.status} size="lg" />
            <Text fw={600} size="lg" data-testid="run-round">
              {run.num_rounds === 0 ? "Test of a finished model" : `Round ${run.round} of ${run.num_rounds}`}
            </Text>
            <Times run={run} now={now} active={active} />
          </Group>
          <RunActions run={run} />
        </Group>
        <RoundProgress run={run} active={active} />
        <Group gap="lg" justify="space-between">
          <Text size="sm" data-testid="waiting" aria-live="off">
            {nowSentence(run, tasks, federation, now, may)}
          </Text>
          <Facts run={run} tasks={tasks} active={active} />
        </Group>
        <Absences run={run} federation={federation} now={now} />
        <Approvals runId={run.id} />
        {run.status === "failed" && <FailurePanel run={run} federation={federation} />}
        {run.status === "completed" && <FinishedPanel run={run} now={now} />}
        <RunNotes notes={run.notes} />
        {run.status !== "failed" && <LeftOut tasks={tasks} federation={federation} onOpenTask={onOpenTask} />}
      </Stack>
    </Card>
  );
}

function Times({ run, now, active }: { run: RunRecord; now: number; active: boolean }) {
  const elapsed = elapsedSeconds(run, now);
  const eta = active ? run.eta_seconds : null;
  return (
    <Text c="dimmed" size="sm">
      {elapsed !== null && `${wholeSeconds(elapsed)} ${run.finished_at ? "in all" : "so far"}`}
      {eta !== null && `, about ${wholeSeconds(eta)} left, ends about ${clockTime(now + eta * 1000, now)}`}
      {run.finished_at && `, ended ${clockTime(Date.parse(run.finished_at), now)}`}
    </Text>
  );
}

function RoundProgress({ run, active }: { run: RunRecord; active: boolean }) {
  const testing = run.status === "evaluating" || run.status === "completed";
  const finished = testing ? run.num_rounds : run.num_finished_rounds;
  return (
    <Progress
      value={run.num_rounds === 0 ? (testing && !active ? 100 : 0) : (100 * finished) / run.num_rounds}
      color={run.status === "failed" ? "red" : run.status === "completed" ? "teal" : undefined}
      aria-label={`${finished} of ${run.num_rounds} rounds finished`}
    />
  );
}

/** may: whether the reader may resume the run. */
function nowSentence(
  run: RunRecord,
  tasks: TaskRecord[],
  federation: FederationRecord,
  now: number,
  may: boolean,
): string {
  const undecided = unapproved(run);
  const asked = tasks.filter((task) => !undecided.has(task.participant));
  const waiting =
    waitingSentence(asked, (participant) => shortName(participantName(participant, federation)), now) ??
    (undecided.size > 0 ? "Waiting for hospitals to approve the run." : null);
  switch (run.status) {
    case "created":
      return "Not started.";
    case "completed":
      return "All rounds and tests are done.";
    case "failed":
      return "Stopped by a failure; finished rounds are kept.";
    case "cancelled":
      return `Cancelled in round ${run.round}. ${stoppedRemedy(run, may)}`.trim();
    case "paused":
      return waiting
        ? `Pausing: the round under way ends first. ${waiting}`
        : `${pausedWhere(run)}${may ? " Resume opens the next step." : ""}`;
    default:
      return waiting ?? "Opening the next step.";
  }
}

function pausedWhere({ num_finished_rounds: finished }: RunRecord): string {
  return finished === 0 ? "Paused before the first round is finished." : `Paused after round ${finished}.`;
}

function Facts({ run, tasks, active }: { run: RunRecord; tasks: TaskRecord[]; active: boolean }) {
  const { active: sites, waiting, bytesUp, bytesDown } = activityOf(tasks);
  const facts = [
    ...(active ? [`${plural(sites, "site")} at work, ${waiting} waiting`] : []),
    `${formatBytes(bytesUp)} sent and ${formatBytes(bytesDown)} received by sites${active ? " so far" : ""}`,
    ...(run.best_round === null
      ? []
      : [
          `best round ${run.best_round}${run.best_dice === null ? "" : `, validation Dice ${formatDice(run.best_dice)}`}`,
        ]),
  ];
  return (
    <Text size="sm" c="dimmed" data-testid="run-facts">
      {facts.join(" · ")}
    </Text>
  );
}

/** Maximum number of names; more would push everything else down. */
const MAX_ABSENT = 5;

/** Who is absent or late, since when, and when the run goes on without them. */
function Absences({ run, federation, now }: { run: RunRecord; federation: FederationRecord; now: number }) {
  if (run.waits_for.length === 0) return null;
  const nameOf = (participant: string) => shortName(participantName(participant, federation));
  const sentences = absenceSentences(run.waits_for, nameOf, now);
  const more = sentences.length - MAX_ABSENT;
  return (
    <Alert color="yellow" icon={<IconClockPause aria-hidden />} title={`Waits for ${plural(sentences.length, "site")}`}>
      <Stack gap={4} data-testid="waits-for">
        {sentences.slice(0, MAX_ABSENT).map((sentence) => (
          <Text key={sentence} size="sm">
            {sentence}
          </Text>
        ))}
        {more > 0 && <Text size="sm">And {more} more.</Text>}
        {unapproved(run).size > 0 && <Text size="sm">{WHERE_HOSPITALS_DECIDE}</Text>}
      </Stack>
    </Alert>
  );
}

/** What a reader of its numbers must know. */
function RunNotes({ notes }: { notes: string[] }) {
  if (notes.length === 0) return null;
  return (
    <Alert color="orange" icon={<IconAlertTriangle aria-hidden />} title="To know before you read its numbers">
      <Stack gap="xs" data-testid="run-notes">
        {notes.map((note) => (
          <Text key={note} size="sm">
            {note}
          </Text>
        ))}
      </Stack>
    </Alert>
  );
}
