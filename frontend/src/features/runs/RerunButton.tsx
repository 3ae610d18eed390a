import { Button, Text } from "@mantine/core";
import { IconRefresh } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { api, type RunRecord, type TaskDetail, unwrap } from "@/api";
import { AllowedInExperiment } from "@/components/Allowed";
import { notifyDone, notifyError } from "@/components/notify";

/** Sends a site's failed task again; where that cannot count any more, says why and what to do. */
interface Props {
  run: RunRecord;
  task: TaskDetail;
  name: string;
}

export function RerunButton(props: Props) {
  return (
    <AllowedInExperiment
      permission="run_experiments"
      experimentId={props.run.experiment_id}
      who="A failed task is sent again by"
    >
      <OwnButton {...props} />
    </AllowedInExperiment>
  );
}

function OwnButton({ run, task, name }: Props) {
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
