import { Alert, Button, List, Modal, NumberInput, Text } from "@mantine/core";
import { useDebouncedValue, useDisclosure } from "@mantine/hooks";
import { IconPlayerTrackNext } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, type ExtensionPreview, type RunRecord, runQuery, unwrap } from "@/api";
import { AllowedInExperiment } from "@/components/Allowed";
import { ModalForm } from "@/components/FormModal";
import { notifyError } from "@/components/notify";
import { extensionQuery } from "./queries";

const MAX_ROUNDS = 1000;

/** Gives a completed run more rounds, once it has said what that does. */
export function ExtendRun({ run }: { run: RunRecord }) {
  return (
    <AllowedInExperiment permission="run_experiments" experimentId={run.experiment_id}>
      <OwnExtendRun run={run} />
    </AllowedInExperiment>
  );
}

function OwnExtendRun({ run }: { run: RunRecord }) {
  const [opened, { open, close }] = useDisclosure(false);
  return (
    <>
      <Button
        size="xs"
        variant="default"
        onClick={open}
        disabled={run.num_rounds >= MAX_ROUNDS}
        leftSection={<IconPlayerTrackNext size={16} aria-hidden />}
      >
        Train more rounds
      </Button>
      <Modal opened={opened} onClose={close} title={`More rounds for ${run.strategy_label}, seed ${run.seed}`}>
        <ExtendForm run={run} onClose={close} />
      </Modal>
    </>
  );
}

function ExtendForm({ run, onClose }: { run: RunRecord; onClose: () => void }) {
  const client = useQueryClient();
  const [rounds, setRounds] = useState<number | string>(Math.min(2 * run.num_rounds, MAX_ROUNDS));
  const number = typeof rounds === "number" ? rounds : Number.NaN;
  const valid = Number.isInteger(number) && number > run.num_rounds && number <= MAX_ROUNDS;
  const [asked] = useDebouncedValue(number, 200);
  const preview = useQuery({ ...extensionQuery(run.id, asked), enabled: valid && asked === number });
  // What is shown and started is of the number in the field, not of one typed a moment before.
  const consequences = valid && asked === number ? preview.data : undefined;
  const possible = consequences?.problem === null;
  const extend = useMutation({
    mutationFn: () => unwrap<RunRecord>(api.extendRun({ path: { run_id: run.id }, body: { rounds: number } })),
    onSuccess: (fresh) => {
      client.setQueryData(runQuery(run.id).queryKey, fresh);
      void client.invalidateQueries({ queryKey: ["experiment", run.experiment_id] });
      void client.invalidateQueries({ queryKey: ["run", run.id] });
      onClose();
    },
    onError: (error) => notifyError("Could not give the run more rounds", error),
  });
  return (
    <ModalForm
      onSubmit={() => {
        if (possible) extend.mutate();
      }}
      action={`Train ${valid ? roundsAdded(run.num_rounds + 1, number) : "on"}`}
      onCancel={onClose}
      busy={extend.isPending}
      disabled={!possible}
    >
      <NumberInput
        label="Rounds in all"
        description={`The run has trained ${run.num_rounds}; it goes on from there.`}
        error={valid ? undefined : `Choose a whole number from ${run.num_rounds + 1} to ${MAX_ROUNDS}`}
        value={rounds}
        onChange={setRounds}
        min={run.num_rounds + 1}
        max={MAX_ROUNDS}
        allowDecimal={false}
        data-autofocus
      />
      {consequences && <Consequences preview={consequences} />}
    </ModalForm>
  );
}

function roundsAdded(first: number, last: number): string {
  return first === last ? `round ${last}` : `rounds ${first} to ${last}`;
}

function Consequences({ preview }: { preview: ExtensionPreview }) {
  if (preview.problem) return <Alert color="red">{preview.problem}</Alert>;
  return (
    <Alert color={preview.exact ? "blue" : "orange"} data-testid="extension-notes">
      <List size="sm" spacing={4}>
        {preview.notes.map((note) => (
          <List.Item key={note}>
            <Text size="sm">{note}</Text>
          </List.Item>
        ))}
      </List>
    </Alert>
  );
}
