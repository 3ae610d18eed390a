import { Button } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconPlayerPlay, IconPlus, IconX } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { api, type ExperimentRecord, experimentQuery, unwrap } from "@/api";
import { ConfirmModal } from "@/components/ConfirmModal";
import { notifyError } from "@/components/notify";
import { plural } from "@/lib/format";
import { isOver } from "@/lib/status";
import { AddRuns } from "./AddRuns";

type Action = "start" | "cancel" | "resume";
const CALLS = { start: api.startExperiment, cancel: api.cancelExperiment, resume: api.resumeExperiment };
const CAN_RESUME: ReadonlySet<string> = new Set(["paused", "failed", "cancelled"]);

/** What is done with all runs of an experiment at once. */
export function RunsActions({ experiment }: { experiment: ExperimentRecord }) {
  const client = useQueryClient();
  const [asking, ask] = useDisclosure(false);
  const [adding, addModal] = useDisclosure(false);
  const act = useMutation({
    mutationFn: (action: Action) => unwrap<ExperimentRecord>(CALLS[action]({ path: { experiment_id: experiment.id } })),
    onSuccess: (fresh) => {
      ask.close();
      client.setQueryData(experimentQuery(experiment.id).queryKey, fresh);
      void client.invalidateQueries({ queryKey: ["run"] });
    },
    onError: (error, action) => notifyError(`Could not ${action} the experiment`, error),
  });
  if (experiment.started_at === null) {
    return (
      <Button
        loading={act.isPending}
        onClick={() => act.mutate("start")}
        leftSection={<IconPlayerPlay size={16} aria-hidden />}
      >
        Start
      </Button>
    );
  }
  const going = experiment.runs.filter((run) => !isOver(run));
  const stopped = experiment.runs.filter((run) => CAN_RESUME.has(run.status));
  return (
    <>
      {experiment.kind === "training" && (
        <Button variant="default" leftSection={<IconPlus size={16} aria-hidden />} onClick={addModal.open}>
          Add runs
        </Button>
      )}
      <AddRuns experiment={experiment} opened={adding} onClose={addModal.close} />
      {stopped.length > 1 && (
        <Button
          variant="default"
          loading={act.isPending}
          onClick={() => act.mutate("resume")}
          title={`${plural(stopped.length, "run goes", "runs go")} on from the last finished round`}
          leftSection={<IconPlayerPlay size={16} aria-hidden />}
        >
          Resume all
        </Button>
      )}
      {going.length > 0 && (
        <Button
          variant="default"
          c="red"
          loading={act.isPending}
          onClick={ask.open}
          leftSection={<IconX size={16} aria-hidden />}
        >
          Cancel all runs
        </Button>
      )}
      <ConfirmModal
        opened={asking}
        onClose={ask.close}
        title={`Cancel ${plural(going.length, "run")} of ${experiment.name}?`}
        action="Cancel all runs"
        onConfirm={() => act.mutate("cancel")}
        keep="Keep them running"
        busy={act.isPending}
      >
        What sites are working on now is lost. The finished rounds of each run are kept, and it can be resumed from
        there at any time.
      </ConfirmModal>
    </>
  );
}
