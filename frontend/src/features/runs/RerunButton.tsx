import { Button, Text } from "@mantine/core";
import { IconRefresh } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { api, type RunRecord, type TaskDetail, unwrap } from "@/api";
import { notifyDone, notifyError } from "@/components/notify";

/** Sends a site's failed task again; where that cannot count any more, says why and what to do. */
export function RerunButton({ run, task, name }: { run: RunRecord; task: TaskDetail; name: string }) {
  const client = useQueryClient();
  const rerun = useMutation({
    mutationFn: () => unwrap(api.rerunTask({ path: { run_id: run.id, task_id: task.id } })),
    onSuccess: () => {
      notifyDone(`${name} is asked again in round ${task.round}.`);
      void client.invalidateQueries({ queryKey: ["run", run.id] });
      void client.invalidateQueries({ queryKey: ["experiment", run.experiment_id] });
    },
    onError: (error) => notifyError(`${name} was not rerun`, error),
  });
  if (task.rerun_problem) {
    return (
      <Text size="sm" w="100%">
        <Text span fw={600}>
          It cannot be rerun:{" "}
        </Text>
        {task.rerun_problem}.
      </Text>
    );
  }
  return (
    <Button
      size="xs"
      loading={rerun.isPending}
      onClick={() => rerun.mutate()}
      leftSection={<IconRefresh size={14} aria-hidden />}
    >
      Rerun this site
    </Button>
  );
}
