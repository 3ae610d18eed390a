import { Drawer, Group, Stack, Table, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import type { FederationRecord, RunRecord, TaskRecord } from "@/api";
import { tasks as taskCards } from "@/api/tables.json";
import { Loaded, RowsSkeleton } from "@/components/Feedback";
import { StateBadge } from "@/components/StateBadge";
import { formatPercent } from "@/lib/format";
import { FailureDetails } from "./FailureDetails";
import { LogLines } from "./LogLines";
import { participantName } from "./participants";
import { taskQuery } from "./queries";
import { taskFacts } from "./taskFacts";

interface Props {
  run: RunRecord;
  /** Undefined: closed. */
  taskId: string | undefined;
  tasks: TaskRecord[];
  federation: FederationRecord;
  onClose: () => void;
}

/** One cell of the swim-lane: what is known of its task, its failure with a rerun, and its log. */
export function TaskDrawer({ run, taskId, tasks, federation, onClose }: Props) {
  const known = tasks.find((task) => task.id === taskId);
  const name = known ? participantName(known.participant, federation) : "";
  const place = known?.kind === "train_site" ? `round ${known.round}` : known ? taskCards[known.kind].doing : "";
  return (
    <Drawer
      opened={taskId !== undefined}
      onClose={onClose}
      position="right"
      size="lg"
      title={known ? `${name}, ${place}` : "Task"}
    >
      {taskId && <TaskDetails run={run} taskId={taskId} name={name} federation={federation} />}
    </Drawer>
  );
}

interface DetailsProps {
  run: RunRecord;
  taskId: string;
  name: string;
  federation: FederationRecord;
}

function TaskDetails({ run, taskId, federation }: DetailsProps) {
  const query = useQuery(taskQuery(run.id, taskId));
  return (
    <Loaded query={query} skeleton={<RowsSkeleton />}>
      {(task) => (
        <Stack>
          <Group>
            <StateBadge state={task.status} />
            <Text size="sm">
              {taskCards[task.kind].doing}
              {task.status === "running" && `, ${formatPercent(task.fraction)}`}
            </Text>
          </Group>
          <Table withRowBorders={false} verticalSpacing={2} fz="sm">
            <Table.Tbody>
              {[...taskFacts(task), ["Correlation id", task.id]].map(([label, value]) => (
                <Table.Tr key={label}>
                  <Table.Th w={130} c="dimmed" fw={400}>
                    {label}
                  </Table.Th>
                  <Table.Td style={{ overflowWrap: "anywhere" }}>{value}</Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
          {task.failure && <FailureDetails run={run} failure={task.failure} federation={federation} task={task} />}
          <Title order={3} size="h5">
            Log of this task
          </Title>
          <LogLines
            filters={{ run_id: run.id, kind: ["log", "task"], task_id: taskId }}
            federation={federation}
            height={320}
            compact
            empty="This task has said nothing yet."
          />
        </Stack>
      )}
    </Loaded>
  );
}
