import { TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { ApiError, api, type DatasetRecord, datasetQuery, fieldErrors, unwrap } from "@/api";
import { FormModal } from "@/components/FormModal";
import { notifyDone } from "@/components/notify";

/** For a folder that was mistyped or has moved: the other one is checked at once. */
export function ChangeFolder({ dataset, onClose }: { dataset: DatasetRecord; onClose: () => void }) {
  const client = useQueryClient();
  const form = useForm({ initialValues: { folder: dataset.folder } });
  const move = useMutation({
    mutationFn: (folder: string) =>
      unwrap<DatasetRecord>(api.updateDataset({ path: { dataset_id: dataset.id }, body: { folder } })),
    onSuccess: (fresh) => {
      client.setQueryData(datasetQuery(dataset.id).queryKey, fresh);
      void client.invalidateQueries({ queryKey: ["datasets"] });
      notifyDone(`${fresh.name} lies in ${fresh.folder} now, which is being checked.`);
      onClose();
    },
    onError: (error) => {
      const named = error instanceof ApiError ? fieldErrors(error.fields).folder : undefined;
      form.setFieldError("folder", named ?? error.message);
    },
  });
  return (
    <FormModal
      opened
      onClose={onClose}
      title="Change the folder"
      action="Check this folder"
      onSubmit={form.onSubmit(({ folder }) => move.mutate(folder))}
      busy={move.isPending}
      disabled={form.values.folder.trim() === "" || form.values.folder === dataset.folder}
    >
      <TextInput
        label="Folder"
        description="Absolute path at the site's worker. What the check of the old folder found is replaced."
        required
        data-autofocus
        {...form.getInputProps("folder")}
      />
    </FormModal>
  );
}
