import {
  ActionIcon,
  Alert,
  Button,
  Card,
  FileButton,
  Group,
  Loader,
  Progress,
  Stack,
  Text,
  Title,
  Tooltip,
} from "@mantine/core";
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
import { chosenFiles, droppedFiles, filesOfImages, type ImageFile, packedImage } from "./imageFiles";
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
  const [sent, setSent] = useState<Sent | null>(null);
  const send = useMutation({
    mutationFn: async (files: ImageFile[] | Promise<ImageFile[]>) => {
      const images = filesOfImages(await files);
      if (!images.length) await packedImage([]);
      const ids: string[] = [];
      for (const files of images) {
        setSent({ ids: [...ids], of: images.length });
        const image = await packedImage(files);
        const query = { name: image.name, threshold };
        const started = await unwrap(api.predictImage({ path: { run_id: set.run_id }, query, body: image }));
        ids.push(started.id);
        await client.invalidateQueries({ queryKey });
        if (ids.length === 1) await show(started.id);
      }
      setSent({ ids, of: images.length });
    },
    onError: (error) => {
      setSent((before) => before && { ...before, of: before.ids.length });
      notifyError("Not sent", error);
    },
  });
  const show = (id: string) =>
    navigate({ search: (old) => ({ threshold: old.threshold, prediction: id }), replace: true });
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
                ? `Volumes as ${formatsInWords("or", 3)}: files, a header with its data, folders of slices or zips.`
                : `Pictures or slices as ${formatsInWords("or", 2)}, one or many.`}{" "}
              Drop them here. They are sent to this server and kept until you forget them.
            </Text>
          </div>
          <Group gap="xs">
            <FileButton multiple onChange={(files) => files.length > 0 && send.mutate(chosenFiles(files))}>
              {(props) => (
                <Button {...props} loading={send.isPending} leftSection={<IconUpload size={16} aria-hidden />}>
                  Choose images
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
                {sent && sent.of > 1 && <OfMany sent={sent} all={all} isSending={send.isPending} />}
                {all.length > 1 && <Earlier all={all} shown={shown} onShow={(id) => void show(id)} />}
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

/** ids: of those that are at the server. of: how many were chosen together. */
interface Sent {
  ids: string[];
  of: number;
}

function OfMany({ sent, all, isSending }: { sent: Sent; all: PredictionRecord[]; isSending: boolean }) {
  const ended = all.filter(({ id, status }) => sent.ids.includes(id) && TERMINAL_TASKS.has(status));
  const failed = ended.filter(({ status }) => status !== "completed").length;
  return (
    <div>
      <Text size="sm" role="status">
        {isSending && `Sends image ${Math.min(sent.ids.length + 1, sent.of)} of ${sent.of}. `}
        {ended.length} of {sent.of} images are done{failed > 0 && `, ${failed} of them without a mask`}.
      </Text>
      <Progress value={(100 * ended.length) / sent.of} aria-label="Images that are done" />
    </div>
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
