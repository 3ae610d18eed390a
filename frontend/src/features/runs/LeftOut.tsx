import { Alert, Anchor, Group, Text } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import type { FederationRecord, TaskRecord } from "@/api";
import { plural } from "@/lib/format";
import { shortName } from "@/lib/names";
import { participantName } from "./participants";

interface Props {
  tasks: readonly TaskRecord[];
  federation: FederationRecord;
  onOpenTask: (taskId: string) => void;
}

/** How many failed tasks are named; each cell of the lane below tells of the others. */
const MAX_NAMED = 3;

/** Sites that failed in a round which went on without them, or may still be rerun. */
export function LeftOut({ tasks, federation, onOpenTask }: Props) {
  const ended = tasks.filter((task) => task.status === "failed" || task.status === "crashed");
  const refused = ended.filter((task) => task.failure_kind === "site_refused");
  const failed = ended.filter((task) => task.failure_kind !== "site_refused");
  return (
    <>
      <LeftOutFor
        tasks={refused}
        title={`${refusers(refused, federation)} refused; rounds go on while enough sites are left`}
        federation={federation}
        onOpenTask={onOpenTask}
      />
      <LeftOutFor
        tasks={failed}
        title={`${plural(failed.length, "task")} failed; rounds go on without them while enough sites are left`}
        federation={federation}
        onOpenTask={onOpenTask}
      />
    </>
  );
}

/** The hospitals by name: a refusal is a decision, no failure. */
function refusers(tasks: readonly TaskRecord[], federation: FederationRecord): string {
  return [...new Set(tasks.map(({ participant }) => shortName(participantName(participant, federation))))].join(", ");
}

function LeftOutFor({ tasks: failed, title, federation, onOpenTask }: Props & { title: string }) {
  if (failed.length === 0) return null;
  const newest = failed.slice(-MAX_NAMED).reverse();
  return (
    <Alert color="orange" icon={<IconAlertTriangle aria-hidden />} title={title}>
      <Group gap="md">
        {newest.map((task) => (
          <Anchor key={task.id} component="button" type="button" size="sm" onClick={() => onOpenTask(task.id)}>
            {shortName(participantName(task.participant, federation))}, round {task.round}
          </Anchor>
        ))}
        {failed.length > MAX_NAMED && <Text size="sm">and {failed.length - MAX_NAMED} in earlier rounds</Text>}
      </Group>
    </Alert>
  );
}
