import { ActionIcon, Menu, Text, Textarea, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useDisclosure } from "@mantine/hooks";
import {
  IconArchive,
  IconArchiveOff,
  IconCopy,
  IconDots,
  IconDownload,
  IconPencil,
  IconTrash,
} from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { api, type ExperimentRecord, experimentQuery, experimentsQuery, unwrap } from "@/api";
import { Allowed } from "@/components/Allowed";
import { ConfirmModal } from "@/components/ConfirmModal";
import { FormModal } from "@/components/FormModal";
import { notifyDone, notifyError } from "@/components/notify";
import { plural } from "@/lib/format";
import { isOver } from "@/lib/status";

interface Props {
  experiment: ExperimentRecord;
  /** Called when the experiment is gone. */
  onDeleted?: () => Promise<void>;
}

/** What can be done with an experiment wherever it is listed: copied, saved as a file, renamed, put away, deleted. */
export function ExperimentMenu(props: Props) {
  return (
    <Allowed permission="run_experiments" federationId={props.experiment.federation_id}>
      <OwnMenu {...props} />
    </Allowed>
  );
}

function OwnMenu({ experiment, onDeleted }: Props) {
  const [renaming, renameModal] = useDisclosure(false);
  const [deleting, deleteModal] = useDisclosure(false);
  const archived = experiment.archived_at !== null;
  const running = experiment.started_at !== null && !experiment.runs.every(isOver);
  const change = useChange(experiment);
  return (
    <>
      <Menu position="bottom-end" width={220}>
        <Menu.Target>
          <ActionIcon variant="subtle" color="gray" aria-label={`Actions of ${experiment.name}`}>
            <IconDots size={18} aria-hidden />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item
            component={Link}
            to="/federations/$federationId/experiments/new"
            params={{ federationId: experiment.federation_id } as never}
            search={{ clone: experiment.id } as never}
            leftSection={<IconCopy size={16} aria-hidden />}
          >
            Clone
          </Menu.Item>
          <Menu.Item
            component="a"
            href={`/api/v1/experiments/${experiment.id}/file.yaml`}
            leftSection={<IconDownload size={16} aria-hidden />}
          >
            Download as YAML
          </Menu.Item>
          <Menu.Item leftSection={<IconPencil size={16} aria-hidden />} onClick={renameModal.open}>
            Rename…
          </Menu.Item>
          <Menu.Item
            leftSection={archived ? <IconArchiveOff size={16} aria-hidden /> : <IconArchive size={16} aria-hidden />}
            onClick={() => change.mutate({ archived: !archived })}
          >
            {archived ? "Take out of the archive" : "Archive"}
          </Menu.Item>
          <Menu.Divider />
          <Menu.Item
            color="red"
            disabled={running}
            leftSection={<IconTrash size={16} aria-hidden />}
            onClick={deleteModal.open}
          >
            Delete…
            {running && (
              <Text size="xs" c="dimmed">
                Cancel it first
              </Text>
            )}
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <Rename experiment={experiment} opened={renaming} onClose={renameModal.close} />
      <Delete experiment={experiment} opened={deleting} onClose={deleteModal.close} onDeleted={onDeleted} />
    </>
  );
}

function useChange(experiment: ExperimentRecord) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: { name?: string; description?: string; archived?: boolean }) =>
      unwrap<ExperimentRecord>(api.updateExperiment({ path: { experiment_id: experiment.id }, body })),
    onSuccess: async (fresh, body) => {
      client.setQueryData(experimentQuery(experiment.id).queryKey, fresh);
      await client.invalidateQueries({ queryKey: experimentsQuery(experiment.federation_id).queryKey });
      if (body.archived !== undefined) {
        notifyDone(`${fresh.name} ${body.archived ? "is archived" : "is back in the list"}.`);
      }
    },
    onError: (error) => notifyError("Not changed", error),
  });
}

function Rename({ experiment, opened, onClose }: Props & { opened: boolean; onClose: () => void }) {
  const change = useChange(experiment);
  const form = useForm({ initialValues: { name: experiment.name, description: experiment.description } });
  return (
    <FormModal
      opened={opened}
      onClose={onClose}
      title="Name and description"
      action="Save"
      onSubmit={form.onSubmit((values) => change.mutate(values, { onSuccess: onClose }))}
      busy={change.isPending}
      disabled={form.values.name.trim() === ""}
    >
      <TextInput label="Name" required maxLength={80} data-autofocus {...form.getInputProps("name")} />
      <Textarea label="Description" autosize minRows={2} maxLength={2000} {...form.getInputProps("description")} />
    </FormModal>
  );
}

function Delete({ experiment, opened, onClose, onDeleted }: Props & { opened: boolean; onClose: () => void }) {
  const client = useQueryClient();
  const remove = useMutation({
    mutationFn: () => unwrap(api.deleteExperiment({ path: { experiment_id: experiment.id } })),
    onSuccess: async () => {
      onClose();
      notifyDone(`${experiment.name} is deleted.`);
      await onDeleted?.(); // only when the page is left: while it is on screen it would fetch its copy again
      // People who go back see that it is gone, and no copy of it. Reset, not removed: somebody who is back already
      // looks at a copy, which removing would leave on the screen.
      const copies = [experimentQuery(experiment.id).queryKey, ["results", experiment.id]];
      copies.push(...experiment.runs.map((run) => ["run", run.id]));
      await Promise.all(copies.map((queryKey) => client.resetQueries({ queryKey })));
      await client.invalidateQueries({ queryKey: experimentsQuery(experiment.federation_id).queryKey });
    },
    onError: (error) => notifyError("Not deleted", error),
  });
  return (
    <ConfirmModal
      opened={opened}
      onClose={onClose}
      title={`Delete ${experiment.name}?`}
      action="Delete the experiment"
      onConfirm={() => remove.mutate()}
      keep="Keep it"
      busy={remove.isPending}
    >
      {plural(experiment.runs.length, "run")} with all scores, models and masks are lost. Reports that were made of it
      stay, and so does what the activity list says of it. This cannot be undone; archiving only hides it.
    </ConfirmModal>
  );
}
