import { Alert, Button, Card, Group, Progress, Stack, Text } from "@mantine/core";
import { IconAlertTriangle, IconPlayerPause, IconPlayerPlay, IconSlideshow, IconX } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import {
  api,
  type FederationRecord,
  isOver,
  type RunRecord,
  runMetricsQuery,
  runQuery,
  runTasksQuery,
  unwrap,
} from "@/api";
import { Loaded, RowsSkeleton } from "@/components/Feedback";
import { LinkButton } from "@/components/links";
import { notifyError } from "@/components/notify";
import { StateBadge } from "@/components/StateBadge";
import { formatDice, formatSeconds } from "@/lib/format";
import { Costs } from "./Costs";
import { Curves } from "./Curves";
import { EventLog } from "./EventLog";
import { SwimLane } from "./SwimLane";

/** One run, live. */
export function RunView({ runId, federation }: { runId: string; federation: FederationRecord }) {
  const client = useQueryClient();
  const run = useQuery(runQuery(runId));
  const tasks = useQuery(runTasksQuery(runId, client));
  const metrics = useQuery(runMetricsQuery(runId, client));
  return (
    <Loaded query={run}>
      {(loaded) => (
        <Stack>
          <RunHeader run={loaded} />
          <Loaded query={tasks} skeleton={<RowsSkeleton />}>
            {(all) => <SwimLane run={loaded} tasks={all} federation={federation} />}
          </Loaded>
          <Loaded query={metrics} skeleton={<RowsSkeleton height={200} rows={1} />}>
            {(all) => <Curves metrics={all} federation={federation} numRounds={loaded.num_rounds} />}
          </Loaded>
          {tasks.data && <Costs tasks={tasks.data} federation={federation} />}
          <EventLog runId={runId} />
        </Stack>
      )}
    </Loaded>
  );
}

function RunHeader({ run }: { run: RunRecord }) {
  const active = !isOver(run) && run.status !== "created";
  const finished = run.status === "completed" ? run.num_rounds : Math.max(0, active ? run.round - 1 : run.round);
  return (
    <Card withBorder>
      <Stack gap="sm">
        <Group justify="space-between">
          <Group gap="md">
            <StateBadge state={run.status} size="lg" />
            <Text fw={600} data-testid="run-round">
              Round {run.round} of {run.num_rounds}
            </Text>
            {run.eta_seconds !== null && active && <Text c="dimmed">about {formatSeconds(run.eta_seconds)} left</Text>}
            {run.best_round !== null && (
              <Text c="dimmed">
                best round {run.best_round}, validation Dice {formatDice(run.best_dice)}
              </Text>
            )}
          </Group>
          <RunActions run={run} />
        </Group>
        <Progress
          value={(100 * finished) / run.num_rounds}
          color={run.status === "failed" ? "red" : run.status === "completed" ? "teal" : undefined}
          aria-label={`${finished} of ${run.num_rounds} rounds finished`}
        />
        {run.failure && (
          <Alert color="red" icon={<IconAlertTriangle aria-hidden />} title="Why it failed">
            {run.failure} Mend the cause, then resume: the run goes on from its last finished round.
          </Alert>
        )}
      </Stack>
    </Card>
  );
}

type Action = "pause" | "resume" | "cancel";
const CALLS = { pause: api.pauseRun, resume: api.resumeRun, cancel: api.cancelRun };
const CAN_PAUSE = new Set(["queued", "running"]);
const CAN_RESUME = new Set(["paused", "failed", "cancelled"]);

function RunActions({ run }: { run: RunRecord }) {
  const client = useQueryClient();
  const act = useMutation({
    mutationFn: (action: Action) => unwrap<RunRecord>(CALLS[action]({ path: { run_id: run.id } })),
    onSuccess: (fresh) => {
      client.setQueryData(runQuery(run.id).queryKey, fresh);
      void client.invalidateQueries({ queryKey: ["experiment", run.experiment_id] });
    },
    onError: (error, action) => notifyError(`Could not ${action} the run`, error),
  });
  return (
    <Group gap="xs">
      {run.status === "completed" && (
        <LinkButton
          to="/runs/$runId/cases"
          params={{ runId: run.id }}
          search={{}}
          variant="light"
          leftSection={<IconSlideshow size={16} aria-hidden />}
        >
          Look at the cases
        </LinkButton>
      )}
      {CAN_PAUSE.has(run.status) && (
        <Button
          variant="default"
          onClick={() => act.mutate("pause")}
          loading={act.isPending}
          leftSection={<IconPlayerPause size={16} aria-hidden />}
        >
          Pause
        </Button>
      )}
      {CAN_RESUME.has(run.status) && (
        <Button
          onClick={() => act.mutate("resume")}
          loading={act.isPending}
          leftSection={<IconPlayerPlay size={16} aria-hidden />}
        >
          Resume
        </Button>
      )}
      {!isOver(run) && (
        <Button
          variant="default"
          c="red"
          onClick={() => act.mutate("cancel")}
          loading={act.isPending}
          leftSection={<IconX size={16} aria-hidden />}
        >
          Cancel
        </Button>
      )}
    </Group>
  );
}
