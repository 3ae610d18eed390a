import { ActionIcon, Alert, Button, Card, FileButton, Group, Loader, Stack, Text, Title, Tooltip } from "@mantine/core";
import { IconFolder, IconTrash, IconUpload } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { type DragEvent, useState } from "react";
import { api, type FederationRecord, type ModelSet, type PredictionRecord, unwrap } from "@/api";
import { Loaded, RowsSkeleton } from "@/components/Feedback";
import { notifyError } from "@/components/notify";
import { useNow } from "@/components/useNow";
import { formatAgo } from "@/lib/format";
import { formatsInWords } from "@/lib/words";
import { chosenFiles, droppedFiles, type ImageFile, packedImage } from "./imageFiles";
import type { ThresholdChoice } from "./models";
import { Predicted } from "./Predicted";
import { predictionsQuery } from "./queries";

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
  const navigate = route.useNavigate();
  const [over, setOver] = useState(false);
  const isVolume = federation.task.dimensions === 3;
  const { queryKey } = predictionsQuery(set.run_id);
  const predictions = useQuery(predictionsQuery(set.run_id));
  const send = useMutation({
    mutationFn: async (files: ImageFile[] | Promise<ImageFile[]>) => {
      const image = await packedImage(await files);
      return await unwrap(
        api.predictImage({
          path: { run_id: set.run_id },
          query: { name: image.name, threshold },
          body: image,
        }),
      );
    },
    onSuccess: async (prediction) => {
      await client.invalidateQueries({ queryKey });
      await navigate({ search: (old) => ({ threshold: old.threshold, prediction: prediction.id }), replace: true });
    },
    onError: (error) => notifyError("Not sent", error),
  });
  const forget = useMutation({
    mutationFn: (id: string) => unwrap(api.deletePrediction({ path: { prediction_id: id } })),
    onSuccess: () => client.invalidateQueries({ queryKey }),
    onError: (error) => notifyError("Not forgotten", error),
  });
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    send.mutate(droppedFiles(event.dataTransfer));
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
                ? `A volume as ${formatsInWords("or", 3)}: one file, all files of one image, a folder or a zip.`
                : `A picture or a slice as ${formatsInWords("or", 2)}.`}{" "}
              Drop it here. It is sent to this server and kept until you forget it.
            </Text>
          </div>
          <Group gap="xs">
            <FileButton multiple onChange={(files) => files.length > 0 && send.mutate(chosenFiles(files))}>
              {(props) => (
                <Button {...props} loading={send.isPending} leftSection={<IconUpload size={16} aria-hidden />}>
                  Choose an image
                </Button>
              )}
            </FileButton>
            {isVolume && (
              <FileButton
                multiple
                inputProps={FOLDERS}
                onChange={(files) => files.length > 0 && send.mutate(chosenFiles(files))}
              >
                {(props) => (
                  <Button
                    {...props}
                    variant="default"
                    loading={send.isPending}
                    leftSection={<IconFolder size={16} aria-hidden />}
                  >
                    Choose a folder
                  </Button>
                )}
              </FileButton>
            )}
          </Group>
        </Group>
        <Loaded query={predictions} skeleton={<RowsSkeleton rows={1} />}>
          {(all) => {
            const shown = all.find((entry) => entry.id === search.prediction) ?? all[0];
            if (!shown) return null;
            return (
              <>
                {all.length > 1 && (
                  <Earlier
                    all={all}
                    shown={shown}
                    onShow={(id) =>
                      void navigate({ search: (old) => ({ threshold: old.threshold, prediction: id }), replace: true })
                    }
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
    <Group gap="xs">
      {props.all.slice(0, 12).map((entry) => (
        <Button
          key={entry.id}
          size="compact-xs"
          variant={entry.id === props.shown.id ? "filled" : "default"}
          onClick={() => props.onShow(entry.id)}
          title={formatAgo(entry.created_at, now)}
        >
          {entry.file_name}
        </Button>
      ))}
    </Group>
  );
}

function Shown({ prediction, set, federation }: Props & { prediction: PredictionRecord }) {
  if (prediction.error) {
    return (
      <Alert color="red" title="This image cannot be segmented">
        {prediction.error}
      </Alert>
    );
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
