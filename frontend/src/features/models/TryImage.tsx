import { ActionIcon, Alert, Button, Card, FileButton, Group, Loader, Stack, Text, Title, Tooltip } from "@mantine/core";
import { IconAlertTriangle, IconFolder, IconTrash, IconUpload } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { type DragEvent, useState } from "react";
import { api, type FederationRecord, type ModelSet, type PredictionRecord, unwrap } from "@/api";
import { Loaded, RowsSkeleton } from "@/components/Feedback";
import { notifyError } from "@/components/notify";
import { useNow } from "@/components/useNow";
import { formatAgo } from "@/lib/format";
import { TERMINAL_TASKS } from "@/lib/status";
import { formatsInWords } from "@/lib/words";
import { BatchProgress } from "./BatchProgress";
import { chosenFiles, droppedFiles } from "./imageFiles";
import type { ThresholdChoice } from "./models";
import { Predicted } from "./Predicted";
import { batchQuery, predictionsQuery } from "./queries";
import { useSendImages } from "./useSendImages";

const route = getRouteApi("/runs/$runId/model");
/** Browsers know this attribute of inputs, and React's types do not. */
const FOLDERS: object = { webkitdirectory: "" };

interface Props {
  set: ModelSet;
  federation: FederationRecord;
}

/** One image up, its mask back: which model was chosen, and why. */
export function TryImage({ set, federation, threshold }: Props & { threshold: ThresholdChoice }) {
  const client = useQueryClient();
  const search = route.useSearch();
  const [over, setOver] = useState(false);
  const isVolume = federation.task.dimensions === 3;
  const { send, isSending, waits, show } = useSendImages(set.run_id, threshold);
  const { queryKey } = predictionsQuery(set.run_id);
  const predictions = useQuery(predictionsQuery(set.run_id, search.batch));
  const forget = useMutation({
    mutationFn: (id: string) => unwrap(api.deletePrediction({ path: { prediction_id: id } })),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey });
      if (search.batch !== undefined) await client.invalidateQueries({ queryKey: batchQuery(search.batch).queryKey });
    },
    onError: (error) => notifyError("Not forgotten", error),
  });
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    send(droppedFiles(event.dataTransfer));
  };
  return (
    <Card
      withBorder
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={drop}
      style={over ? { outline: "2px dashed var(--mantine-primary-color-filled)" } : undefined}
    >
      <Stack>
        <Group justify="space-between">
          <div>
            <Title order={2} size="h4">
              Try on my image
            </Title>
            <Text size="sm" c="dimmed">
              {isVolume
                ? `Volumes as ${formatsInWords("or", 3)}: files, a header with its data, folders of slices or zips.`
                : `Pictures or slices as ${formatsInWords("or", 2)}, one or many.`}{" "}
              Drop them here. They are sent to this server and kept until you forget them.
            </Text>
          </div>
          <Group gap="xs">
            <FileButton multiple onChange={(files) => files.length > 0 && send(chosenFiles(files))}>
              {(props) => (
                <Button {...props} loading={isSending} leftSection={<IconUpload size={16} aria-hidden />}>
                  Choose images
                </Button>
              )}
            </FileButton>
            {isVolume && (
              <FileButton
                multiple
                inputProps={FOLDERS}
                onChange={(files) => files.length > 0 && send(chosenFiles(files))}
              >
                {(props) => (
                  <Button
                    {...props}
                    variant="default"
                    loading={isSending}
                    leftSection={<IconFolder size={16} aria-hidden />}
                  >
                    Choose a folder
                  </Button>
                )}
              </FileButton>
            )}
          </Group>
        </Group>
        {search.batch !== undefined && (
          <BatchProgress
            key={search.batch}
            batch={search.batch}
            runId={set.run_id}
            {...{ isSending, waits }}
            onShowAll={() => void show({})}
          />
        )}
        <Loaded query={predictions} skeleton={<RowsSkeleton rows={1} />}>
          {(newestFirst) => {
            const all = search.batch === undefined ? newestFirst : [...newestFirst].reverse(); // as they were sent
            const shown = all.find((entry) => entry.id === search.prediction) ?? all[0];
            if (!shown) return null;
            const { batch_id: batch } = shown;
            return (
              <>
                {all.length > 1 && (
                  <Earlier
                    all={all}
                    shown={shown}
                    onShow={(id) => void show({ batch: search.batch, prediction: id })}
                  />
                )}
                <Group gap="xs">
                  <Text fw={500}>{shown.file_name}</Text>
                  <Tooltip label="Forget the image and its masks">
                    <ActionIcon
                      variant="subtle"
                      color="red"
                      aria-label={`Forget ${shown.file_name}`}
                      loading={forget.isPending}
                      onClick={() => forget.mutate(shown.id)}
                    >
                      <IconTrash size={16} />
                    </ActionIcon>
                  </Tooltip>
                  {batch !== null && search.batch === undefined && (
                    <Button
                      size="compact-sm"
                      variant="subtle"
                      onClick={() => void show({ batch, prediction: shown.id })}
                    >
                      Images sent with it
                    </Button>
                  )}
                </Group>
                <Shown prediction={shown} set={set} federation={federation} />
              </>
            );
          }}
        </Loaded>
      </Stack>
    </Card>
  );
}

function Earlier(props: { all: PredictionRecord[]; shown: PredictionRecord; onShow: (id: string) => void }) {
  const now = useNow();
  return (
    <Group gap="xs" mah={130} style={{ overflowY: "auto" }}>
      {props.all.map((entry) => (
        <Button
          key={entry.id}
          size="compact-xs"
          variant={entry.id === props.shown.id ? "filled" : "default"}
          leftSection={stateMark(entry)}
          aria-label={[entry.file_name, ...stateWords(entry)].join(", ")}
          onClick={() => props.onShow(entry.id)}
          title={formatAgo(entry.created_at, now)}
        >
          {entry.file_name}
        </Button>
      ))}
    </Group>
  );
}

/** Of one under way, and of one that failed. */
function stateWords({ status }: PredictionRecord): string[] {
  if (status === "completed") return [];
  if (status === "cancelled") return ["cancelled"];
  return TERMINAL_TASKS.has(status) ? ["no mask"] : ["under way"];
}

function stateMark({ status }: PredictionRecord) {
  if (status === "completed") return undefined;
  return TERMINAL_TASKS.has(status) ? <IconAlertTriangle size={12} aria-hidden /> : <Loader size={10} aria-hidden />;
}

function Shown({ prediction, set, federation }: Props & { prediction: PredictionRecord }) {
  if (prediction.error) {
    return (
      <Alert color="red" title="This image cannot be segmented">
        {prediction.error}
      </Alert>
    );
  }
  if (prediction.status === "cancelled") {
    return <Text size="sm">It was cancelled before its masks were made.</Text>;
  }
  if (prediction.status !== "completed") {
    return (
      <Group gap="xs">
        <Loader size="sm" />
        <Text size="sm">The models are looking at it.</Text>
      </Group>
    );
  }
  return <Predicted key={prediction.id} {...{ prediction, set, federation }} />;
}
