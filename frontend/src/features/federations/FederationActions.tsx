import { ActionIcon, Alert, Menu, Stack, Textarea, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useDisclosure } from "@mantine/hooks";
import { IconArchive, IconArchiveOff, IconDots, IconPencil, IconTrash } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import {
  ApiError,
  api,
  type FederationRecord,
  type FederationUpdate,
  federationQuery,
  federationsQuery,
  fieldErrors,
  unwrap,
} from "@/api";
import { Allowed } from "@/components/Allowed";
import { ConfirmModal } from "@/components/ConfirmModal";
import { FormModal } from "@/components/FormModal";
import { notifyDone, notifyError } from "@/components/notify";
import { casesOf } from "@/lib/sites";

interface Props {
  federation: FederationRecord;
  /** Called when the federation is gone. */
  onDeleted?: () => void;
}

/** What can be done with a federation wherever it is shown: renamed, put away, deleted. */
export function FederationMenu(props: Props) {
  return (
    <Allowed permission="manage_federations" federationId={props.federation.id}>
      <OwnMenu {...props} />
    </Allowed>
  );
}

function OwnMenu({ federation, onDeleted }: Props) {
  const [editing, editModal] = useDisclosure(false);
  const [archiving, archiveModal] = useDisclosure(false);
  const [deleting, deleteModal] = useDisclosure(false);
  const change = useFederationChange(federation);
  const archived = federation.archived_at !== null;
  const archive = (next: boolean) =>
    change.mutate(
      { archived: next },
      {
        onSuccess: () => {
          archiveModal.close();
          notifyDone(next ? `${federation.name} is archived.` : `${federation.name} is back in the list.`);
        },
        onError: (error) => notifyError(next ? "Not archived" : "Not restored", error),
      },
    );
  return (
    <>
      <Menu position="bottom-end" width={220}>
        <Menu.Target>
          <ActionIcon variant="subtle" color="gray" aria-label={`Actions of ${federation.name}`}>
            <IconDots size={18} aria-hidden />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item leftSection={<IconPencil size={16} aria-hidden />} onClick={editModal.open}>
            Edit name, description…
          </Menu.Item>
          {archived ? (
            <Menu.Item leftSection={<IconArchiveOff size={16} aria-hidden />} onClick={() => archive(false)}>
              Restore
            </Menu.Item>
          ) : (
            <Menu.Item leftSection={<IconArchive size={16} aria-hidden />} onClick={archiveModal.open}>
              Archive…
            </Menu.Item>
          )}
          <Menu.Divider />
          <Menu.Item color="red" leftSection={<IconTrash size={16} aria-hidden />} onClick={deleteModal.open}>
            Delete…
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <Edit federation={federation} opened={editing} onClose={editModal.close} />
      <ConfirmModal
        opened={archiving}
        onClose={archiveModal.close}
        title={`Archive ${federation.name}?`}
        action="Archive federation"
        onConfirm={() => archive(true)}
        busy={change.isPending}
        harmless
      >
        It leaves the list of federations. Its sites, data sets, experiments and results stay, runs under way go on, and
        it can be restored with the switch "Archived" of the list.
      </ConfirmModal>
      <Delete federation={federation} opened={deleting} onClose={deleteModal.close} onDeleted={onDeleted} />
    </>
  );
}

function useFederationChange(federation: FederationRecord) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: FederationUpdate) =>
      unwrap<FederationRecord>(api.updateFederation({ path: { federation_id: federation.id }, body })),
    onSuccess: async (fresh) => {
      client.setQueryData(federationQuery(federation.id).queryKey, fresh);
      await client.invalidateQueries({ queryKey: federationsQuery.queryKey });
    },
  });
}

type DialogProps = Props & { opened: boolean; onClose: () => void };

function Edit({ federation, opened, onClose }: DialogProps) {
  const change = useFederationChange(federation);
  const form = useForm({ initialValues: { name: federation.name, description: federation.description } });
  const save = form.onSubmit((values) =>
    change.mutate(values, {
      onSuccess: onClose,
      onError: (error) => {
        if (!(error instanceof ApiError)) return;
        form.setErrors(error.code === "name_taken" ? { name: error.message } : fieldErrors(error.fields));
      },
    }),
  );
  return (
    <FormModal
      opened={opened}
      onClose={onClose}
      title="Name and description"
      action="Save"
      onSubmit={save}
      busy={change.isPending}
      error={change.error}
      fieldErrors={form.errors}
    >
      <TextInput label="Name" required maxLength={80} data-autofocus {...form.getInputProps("name")} />
      <Textarea label="Description" autosize minRows={2} maxLength={2000} {...form.getInputProps("description")} />
    </FormModal>
  );
}

/** Deletes a federation without data and experiments; of another one it says what is in the way. */
function Delete({ federation, opened, onClose, onDeleted }: DialogProps) {
  const client = useQueryClient();
  const remove = useMutation({
    mutationFn: () => unwrap(api.deleteFederation({ path: { federation_id: federation.id } })),
    onSuccess: async () => {
      onClose();
      notifyDone(`${federation.name} is deleted.`);
      onDeleted?.();
      client.removeQueries({ queryKey: federationQuery(federation.id).queryKey });
      await client.invalidateQueries({ queryKey: federationsQuery.queryKey });
    },
  });
  const inUse = federation.num_experiments > 0 || federation.sites.some((site) => casesOf(site) > 0);
  return (
    <ConfirmModal
      opened={opened}
      onClose={onClose}
      title={`Delete ${federation.name}?`}
      action="Delete federation"
      onConfirm={() => remove.mutate()}
      busy={remove.isPending}
    >
      <Stack gap="sm">
        <div>
          {inUse
            ? "It has data sets or experiments, and only an empty federation can be deleted: delete those first, or archive it, which hides it and loses nothing."
            : "The federation and its sites are removed for good. What the activity list says of them stays."}
        </div>
        {remove.error && <Alert color="red">{remove.error.message}</Alert>}
      </Stack>
    </ConfirmModal>
  );
}
