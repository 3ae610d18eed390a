import { ActionIcon, Alert, Menu, Stack, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useDisclosure } from "@mantine/hooks";
import { IconDots, IconDownload, IconFolder, IconPencil, IconTrash } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { api, type DatasetRecord, datasetQuery, unwrap } from "@/api";
import { Allowed } from "@/components/Allowed";
import { ConfirmModal } from "@/components/ConfirmModal";
import { FormModal } from "@/components/FormModal";
import { notifyDone } from "@/components/notify";
import { runsSentence } from "@/lib/checks";
import { ChangeFolder } from "./ChangeFolder";
import { casesCsvUrl } from "./datasetCases";
import { datasetRunsQuery } from "./queries";

interface Props {
  dataset: DatasetRecord;
  /** Where the page goes when the data set is gone. */
  federationId: string | undefined;
}

export function DatasetMenu(props: Props) {
  return (
    <Allowed permission="manage_data" federationId={props.federationId} siteId={props.dataset.site_id}>
      <OwnMenu {...props} />
    </Allowed>
  );
}

function OwnMenu({ dataset, federationId }: Props) {
  const [renaming, renameModal] = useDisclosure(false);
  const [moving, folderModal] = useDisclosure(false);
  const [deleting, deleteModal] = useDisclosure(false);
  return (
    <>
      <Menu position="bottom-end" width={220}>
        <Menu.Target>
          <ActionIcon variant="default" size={36} aria-label={`Actions of ${dataset.name}`}>
            <IconDots size={18} aria-hidden />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item leftSection={<IconPencil size={16} aria-hidden />} onClick={renameModal.open}>
            Rename…
          </Menu.Item>
          <Menu.Item leftSection={<IconFolder size={16} aria-hidden />} onClick={folderModal.open}>
            Change folder…
          </Menu.Item>
          <Menu.Item
            component="a"
            href={casesCsvUrl(dataset.id, true)}
            leftSection={<IconDownload size={16} aria-hidden />}
          >
            Used cases as CSV
          </Menu.Item>
          <Menu.Item
            component="a"
            href={casesCsvUrl(dataset.id, false)}
            leftSection={<IconDownload size={16} aria-hidden />}
          >
            Skipped cases as CSV
          </Menu.Item>
          <Menu.Divider />
          <Menu.Item color="red" leftSection={<IconTrash size={16} aria-hidden />} onClick={deleteModal.open}>
            Delete…
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <Rename dataset={dataset} opened={renaming} onClose={renameModal.close} />
      {moving && <ChangeFolder dataset={dataset} onClose={folderModal.close} />}
      {deleting && <Delete dataset={dataset} federationId={federationId} onClose={deleteModal.close} />}
    </>
  );
}

function Rename({ dataset, opened, onClose }: { dataset: DatasetRecord; opened: boolean; onClose: () => void }) {
  const client = useQueryClient();
  const form = useForm({ initialValues: { name: dataset.name } });
  const rename = useMutation({
    mutationFn: (name: string) =>
      unwrap<DatasetRecord>(api.updateDataset({ path: { dataset_id: dataset.id }, body: { name } })),
    onSuccess: (fresh) => {
      client.setQueryData(datasetQuery(dataset.id).queryKey, fresh);
      onClose();
    },
    onError: (error) => form.setFieldError("name", error.message),
  });
  return (
    <FormModal
      opened={opened}
      onClose={onClose}
      title="Rename the data set"
      action="Save"
      onSubmit={form.onSubmit(({ name }) => rename.mutate(name))}
      busy={rename.isPending}
    >
      <TextInput label="Name" required maxLength={80} data-autofocus {...form.getInputProps("name")} />
    </FormModal>
  );
}

/** A data set that a run was started on stays: it says which runs. */
function Delete({ dataset, federationId, onClose }: Props & { onClose: () => void }) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const runs = useQuery(datasetRunsQuery(dataset.id));
  const remove = useMutation({
    mutationFn: () => unwrap(api.deleteDataset({ path: { dataset_id: dataset.id } })),
    onSuccess: async () => {
      notifyDone(`${dataset.name} is deleted; its folder is as it was.`);
      if (federationId) {
        await navigate({ to: "/federations/$federationId", params: { federationId }, search: { tab: "datasets" } });
      } else await navigate({ to: "/", search: {} });
      client.removeQueries({ queryKey: datasetQuery(dataset.id).queryKey });
      await client.invalidateQueries({ queryKey: ["datasets"] });
    },
  });
  return (
    <ConfirmModal
      opened
      onClose={onClose}
      title={`Delete ${dataset.name}?`}
      action="Delete data set"
      onConfirm={() => remove.mutate()}
      busy={remove.isPending}
    >
      <Stack gap="sm">
        <div>
          What the check found, the thumbnails and the history are lost. The folder itself is never touched: it can be
          registered again.
        </div>
        {runs.data && runs.data.length > 0 && (
          <Alert color="yellow">
            {runsSentence(runs.data)} A data set that runs were started on cannot be deleted: delete these experiments
            first, or archive the site.
          </Alert>
        )}
        {remove.error && <Alert color="red">{remove.error.message}</Alert>}
      </Stack>
    </ConfirmModal>
  );
}
