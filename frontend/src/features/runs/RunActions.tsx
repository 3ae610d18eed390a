import { Button, Group } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconFlag, IconPlayerPause, IconPlayerPlay, IconX } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { api, type RunRecord, runQuery, unwrap } from "@/api";
import { AllowedInExperiment } from "@/components/Allowed";
import { ConfirmModal } from "@/components/ConfirmModal";
import { notifyError } from "@/components/notify";
import { plural } from "@/lib/format";
import { canEndHere, canResume } from "@/lib/runControls";
import { isOver } from "@/lib/status";

type Action = "pause" | "resume" | "cancel" | "finish";
const CALLS = { pause: api.pauseRun, resume: api.resumeRun, cancel: api.cancelRun, finish: api.finishRun };
const CAN_PAUSE = new Set(["queued", "running"]);
const DOING: Record<Action, string> = {
  pause: "pause the run",
  resume: "resume the run",
  cancel: "cancel the run",
  finish: "end the training",
};

export function RunActions({ run }: { run: RunRecord }) {
  return (
    <AllowedInExperiment permission="run_experiments" experimentId={run.experiment_id}>
      <OwnRunActions run={run} />
    </AllowedInExperiment>
  );
}

function OwnRunActions({ run }: { run: RunRecord }) {
  const client = useQueryClient();
  const [asking, ask] = useDisclosure(false);
  const [ending, end] = useDisclosure(false);
  const act = useMutation({
    mutationFn: (action: Action) => unwrap<RunRecord>(CALLS[action]({ path: { run_id: run.id } })),
    onSuccess: (fresh) => {
      client.setQueryData(runQuery(run.id).queryKey, fresh);
      void client.invalidateQueries({ queryKey: ["experiment", run.experiment_id] });
      void client.invalidateQueries({ queryKey: ["run", run.id] });
    },
    onError: (error, action) => notifyError(`Could not ${DOING[action]}`, error),
  });
  const cancel = () => {
    ask.close();
    act.mutate("cancel");
  };
  return (
    <Group gap="xs" wrap="nowrap">
      {CAN_PAUSE.has(run.status) && (
        <Button
          variant="default"
          onClick={() => act.mutate("pause")}
          loading={act.isPending}
          title="The round under way ends first"
          leftSection={<IconPlayerPause size={16} aria-hidden />}
        >
          Pause
        </Button>
      )}
      {canResume(run) && (
        <Button
          onClick={() => act.mutate("resume")}
          loading={act.isPending}
          title={
            run.num_finished_rounds > 0
              ? "Goes on from the last finished round, with every site"
              : "Begins again, with every site: no round is finished"
          }
          leftSection={<IconPlayerPlay size={16} aria-hidden />}
        >
          Resume
        </Button>
      )}
      {canEndHere(run) && (
        <Button
          variant="default"
          onClick={end.open}
          loading={act.isPending}
          title="Tests the best round so far, without training on"
          leftSection={<IconFlag size={16} aria-hidden />}
        >
          End here
        </Button>
      )}
      {!isOver(run) && (
        <Button
          variant="default"
          c="red"
          onClick={ask.open}
          loading={act.isPending}
          leftSection={<IconX size={16} aria-hidden />}
        >
          Cancel
        </Button>
      )}
      <ConfirmModal
        opened={ending}
        onClose={end.close}
        title={`End the training of ${run.strategy_label}, seed ${run.seed}?`}
        action="Test the best round so far"
        harmless
        onConfirm={() => {
          end.close();
          act.mutate("finish");
        }}
        keep="Leave it as it is"
      >
        The best of the finished rounds is tested on the sites' test cases. Then the run is completed: its scores stand
        among the results, and its model can be downloaded. What sites did in a round that never ended is dropped. It
        can be trained on later.
      </ConfirmModal>
      <CancelModal run={run} opened={asking} onClose={ask.close} onCancel={cancel} />
    </Group>
  );
}

interface ModalProps {
  run: RunRecord;
  opened: boolean;
  onClose: () => void;
  onCancel: () => void;
}

/** Says what is lost and what is kept. */
function CancelModal({ run, opened, onClose, onCancel }: ModalProps) {
  return (
    <ConfirmModal
      opened={opened}
      onClose={onClose}
      title={`Cancel ${run.strategy_label}, seed ${run.seed}?`}
      action="Cancel the run"
      onConfirm={onCancel}
      keep="Keep it running"
    >
      What sites are working on now is lost. Kept are the weights, curves and log of{" "}
      {plural(run.num_finished_rounds, "finished round")}, and you can resume from there at any time. To hold after the
      round under way without losing anything, pause instead.
    </ConfirmModal>
  );
}
