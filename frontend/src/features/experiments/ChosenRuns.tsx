import { Button, Group, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconArchive, IconArrowsDiff, IconTrash, IconX } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { api, experimentsQuery, unwrap } from "@/api";
import { Allowed } from "@/components/Allowed";
import { ConfirmModal } from "@/components/ConfirmModal";
import { LinkButton } from "@/components/links";
import { notifyDone, notifyError } from "@/components/notify";
import { notifyUndo } from "@/components/notifyUndo";
import { plural } from "@/lib/format";
import { isOver } from "@/lib/status";
import { inOrder } from "./inOrder";
import type { RunRow } from "./runRows";

/** As many as are laid side by side. */
const MOST_COMPARED = 8;
type Action = "cancel" | "delete";

async function setArchived(id: string, archived: boolean): Promise<void> {
  await unwrap(api.updateExperiment({ path: { experiment_id: id }, body: { archived } }));
}

interface Props {
  rows: readonly RunRow[];
  federationId: string;
  onDone: () => void;
}

/** What can be done with the ticked runs together. Runs are archived and deleted with their whole experiment. */
export function ChosenRuns({ rows, federationId, onDone }: Props) {
  const client = useQueryClient();
  const [cancelling, cancel] = useDisclosure(false);
  const [deleting, remove] = useDisclosure(false);
  const experiments = [...new Map(rows.map(({ experiment }) => [experiment.id, experiment])).values()];
  const going = rows.filter(({ run }) => !isOver(run) && run.status !== "created");
  const tested = rows.filter(({ run }) => run.status === "completed");
  const unarchived = experiments.filter(({ archived_at: at }) => at === null);
  const busy = experiments.filter(({ runs, started_at: start }) => start !== null && !runs.every(isOver));
  const refresh = async () => {
    await client.invalidateQueries({ queryKey: experimentsQuery(federationId).queryKey });
    await client.invalidateQueries({ queryKey: ["experiment"] });
  };
  const act = useMutation({
    mutationFn: async (action: Action) => {
      if (action === "cancel") {
        for (const { run } of going) await unwrap(api.cancelRun({ path: { run_id: run.id } }));
        return `${plural(going.length, "run is", "runs are")} cancelled.`;
      }
      for (const { id } of experiments) await unwrap(api.deleteExperiment({ path: { experiment_id: id } }));
      return `${plural(experiments.length, "experiment is", "experiments are")} deleted.`;
    },
    onSuccess: (words) => {
      notifyDone(words);
      onDone();
    },
    onError: (error, action) => notifyError(`Could not ${action} all of them`, error),
    // What was done before one was refused is done.
    onSettled: async () => {
      cancel.close();
      remove.close();
      await refresh();
    },
  });
  // What is undone is what was done: not what had been archived before, and also where one was refused.
  const archive = useMutation({
    mutationFn: (ids: readonly string[]) => inOrder(ids, (id) => setArchived(id, true)),
    onSuccess: ({ done, refusal }) => {
      if (refusal) notifyError("Could not archive all of them", refusal);
      else onDone();
      if (done.length > 0) {
        notifyUndo(`${plural(done.length, "experiment is", "experiments are")} archived.`, () => restore.mutate(done));
      }
    },
    onSettled: refresh,
  });
  const restore = useMutation({
    mutationFn: async (ids: readonly string[]) => {
      for (const id of ids) await setArchived(id, false);
    },
    onError: (error) => notifyError("Could not take all of them out of the archive", error),
    onSettled: refresh,
  });
  if (rows.length === 0) return null;
  const waits = busy.length > 0 ? "Cancel the runs that are under way first" : undefined;
  return (
    <Group gap="xs" data-testid="chosen-runs">
      <Text size="sm" fw={500}>
        {plural(rows.length, "run")} chosen
      </Text>
      <LinkButton
        size="xs"
        variant="default"
        leftSection={<IconArrowsDiff size={14} aria-hidden />}
        to="/federations/$federationId/compare"
        params={{ federationId }}
        search={{ runs: tested.map(({ run }) => run.id) }}
        disabled={tested.length < 2 || tested.length > MOST_COMPARED}
        title={
          tested.length < 2
            ? "Choose two completed runs or more"
            : tested.length > MOST_COMPARED
              ? `At most ${MOST_COMPARED} runs are laid side by side`
              : undefined
        }
      >
        Compare {tested.length}
      </LinkButton>
      <Allowed permission="run_experiments" federationId={federationId}>
        <Button
          size="xs"
          variant="default"
          leftSection={<IconX size={14} aria-hidden />}
          disabled={going.length === 0}
          onClick={cancel.open}
        >
          Cancel {going.length}
        </Button>
        <Button
          size="xs"
          variant="default"
          leftSection={<IconArchive size={14} aria-hidden />}
          disabled={busy.length > 0 || unarchived.length === 0}
          title={waits ?? (unarchived.length === 0 ? "All of them are archived" : undefined)}
          loading={archive.isPending}
          onClick={() => archive.mutate(unarchived.map(({ id }) => id))}
        >
          Archive {plural(unarchived.length, "experiment")}
        </Button>
        <Button
          size="xs"
          variant="default"
          c="red"
          leftSection={<IconTrash size={14} aria-hidden />}
          disabled={busy.length > 0}
          title={waits}
          onClick={remove.open}
        >
          Delete {plural(experiments.length, "experiment")}…
        </Button>
      </Allowed>
      <Button size="xs" variant="subtle" onClick={onDone}>
        Choose none
      </Button>
      <ConfirmModal
        opened={cancelling}
        onClose={cancel.close}
        title={`Cancel ${plural(going.length, "run")}?`}
        action="Cancel the runs"
        onConfirm={() => act.mutate("cancel")}
        keep="Keep them running"
        busy={act.isPending}
      >
        What sites are working on now is lost. The finished rounds of each run are kept, and each can be resumed from
        there.
      </ConfirmModal>
      <ConfirmModal
        opened={deleting}
        onClose={remove.close}
        title={`Delete ${plural(experiments.length, "experiment")}?`}
        action="Delete them"
        onConfirm={() => act.mutate("delete")}
        keep="Keep them"
        busy={act.isPending}
      >
        {experiments.map(({ name }) => name).join(", ")}: all{" "}
        {plural(
          experiments.reduce((sum, { runs }) => sum + runs.length, 0),
          "run",
        )}{" "}
        of them, also those without a tick, are lost with their scores, models and masks. This cannot be undone;
        archiving only hides them.
      </ConfirmModal>
    </Group>
  );
}
