import { Alert, Button, Group, Progress, Stack, Text } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { ApiError, api, type PredictionBatchRecord, unwrap } from "@/api";
import { ConfirmModal } from "@/components/ConfirmModal";
import { notifyError } from "@/components/notify";
import { batchWords, isOver, numAll, numMissing } from "./batches";
import { batchQuery, predictionsQuery } from "./queries";

interface Props {
  batch: string;
  runId: string;
  isSending: boolean;
  /** Why the next image is not sent at once. */
  waits: string | null;
  onShowAll: () => void;
}

/** How far the images are that were sent together; cancel what is not done, forget them all. */
export function BatchProgress({ batch: id, runId, isSending, waits, onShowAll }: Props) {
  const client = useQueryClient();
  const [asks, setAsks] = useState(false);
  const { data: batch, error } = useQuery(batchQuery(id));
  const { queryKey } = predictionsQuery(runId);
  const cancel = useMutation({
    mutationFn: () => unwrap(api.cancelPredictionBatch({ path: { batch_id: id } })),
    onSuccess: (ended) => {
      client.setQueryData(batchQuery(id).queryKey, ended);
      return client.invalidateQueries({ queryKey });
    },
    onError: (error) => notifyError("Not cancelled", error),
  });
  const forget = useMutation({
    mutationFn: () => unwrap(api.deletePredictionBatch({ path: { batch_id: id } })),
    onSuccess: () => {
      onShowAll();
      return client.invalidateQueries({ queryKey });
    },
    onError: (error) => notifyError("Not forgotten", error),
  });
  const showAll = (
    <Button size="compact-sm" variant="subtle" onClick={onShowAll}>
      All images
    </Button>
  );
  if (error instanceof ApiError && error.status === 404) {
    return (
      <Group gap="xs">
        <Text size="sm">The images of this address are forgotten, or were never here.</Text>
        {showAll}
      </Group>
    );
  }
  if (!batch) return null;
  return (
    <Stack gap="xs" data-testid="batch">
      <Group justify="space-between" gap="xs">
        <Text size="sm" role="status">
          {isSending && numMissing(batch) > 0 && `Sends image ${batch.num_images + 1} of ${numAll(batch)}. `}
          {batchWords(batch)}
        </Text>
        <Group gap="xs">
          {isOver(batch) ? (
            <Button size="compact-sm" variant="default" onClick={() => setAsks(true)}>
              Forget them all
            </Button>
          ) : (
            <Button size="compact-sm" variant="default" loading={cancel.isPending} onClick={() => cancel.mutate()}>
              Cancel
            </Button>
          )}
          {showAll}
        </Group>
      </Group>
      <Progress value={100 * batch.fraction} aria-label="Images that are done" />
      {isSending && waits && <Text size="sm">{waits} The next image is sent then.</Text>}
      {!isSending && <Missing batch={batch} />}
      <ConfirmModal
        opened={asks}
        onClose={() => setAsks(false)}
        title={`Forget ${batch.num_images} images?`}
        action="Forget them all"
        onConfirm={() => forget.mutate()}
        busy={forget.isPending}
      >
        The images and their masks are removed from this server.
      </ConfirmModal>
    </Stack>
  );
}

function Missing({ batch }: { batch: PredictionBatchRecord }) {
  const missing = numMissing(batch);
  if (missing === 0) return null;
  return (
    <Alert color="yellow" title={missing === 1 ? "1 image has not arrived" : `${missing} images have not arrived`}>
      If the page that sends them was left, choose the same images again: only those that are missing are sent.
    </Alert>
  );
}
