import { Button, FileButton } from "@mantine/core";
import { IconUpload } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { api, type FederationRecord, modelsQuery, unwrap } from "@/api";
import { Allowed } from "@/components/Allowed";
import { notifyError } from "@/components/notify";

/** A model.zip from this machine, to begin with, to test and to try. */
export function ImportModel({ federation }: { federation: FederationRecord }) {
  return (
    <Allowed permission="move_models" federationId={federation.id} who="Models are imported by">
      <OwnImport federation={federation} />
    </Allowed>
  );
}

function OwnImport({ federation }: { federation: FederationRecord }) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const send = useMutation({
    mutationFn: (file: File) =>
      unwrap(api.importModel({ path: { federation_id: federation.id }, query: { name: file.name }, body: file })),
    onSuccess: async (set) => {
      await client.invalidateQueries({ queryKey: modelsQuery(federation.id).queryKey });
      await navigate({ to: "/runs/$runId/model", params: { runId: set.run_id }, search: {} });
    },
    onError: (error) => notifyError("The model could not be imported", error),
  });
  return (
    <FileButton onChange={(file) => file && send.mutate(file)} accept=".zip,application/zip">
      {(props) => (
        <Button
          {...props}
          variant="default"
          loading={send.isPending}
          leftSection={<IconUpload size={16} aria-hidden />}
          title="A model.zip as FedSM Studio saves it: safetensors files and model.json"
        >
          Import a model
        </Button>
      )}
    </FileButton>
  );
}
