import { Alert, MultiSelect, NumberInput } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { api, datasetsQuery, unwrap, type VersionRecord } from "@/api";
import { ModalForm } from "@/components/FormModal";
import { dataOfOneSite } from "./registry";

/** Local training at one site, which begins with a version. */
export function FineTuneForm({ version, onClose }: { version: VersionRecord; onClose: () => void }) {
  const navigate = useNavigate();
  const [chosen, setChosen] = useState<string[]>([]);
  const [epochs, setEpochs] = useState<number | string>(20);
  const [rate, setRate] = useState<number | string>(0.0001);
  const [pull, setPull] = useState<number | string>(0);
  const datasets = useQuery(datasetsQuery(version.federation_id)).data ?? [];
  const start = useMutation({
    mutationFn: () =>
      unwrap(
        api.fineTuneModel({
          path: { version_id: version.id },
          body: {
            datasets: chosen,
            epochs: Number(epochs),
            learning_rate: Number(rate),
            pull_to_start: Number(pull),
          },
        }),
      ),
    onSuccess: async (made) => {
      onClose();
      await navigate({ to: "/experiments/$experimentId", params: { experimentId: made.id }, search: {} });
    },
  });
  return (
    <ModalForm
      onSubmit={() => start.mutate()}
      onCancel={onClose}
      action="Fine-tune"
      busy={start.isPending}
      disabled={chosen.length === 0}
      error={start.error}
      errorTitle="Not started"
    >
      <MultiSelect
        label="Data sets"
        description="Of one site, which trains alone."
        placeholder={chosen.length === 0 ? "Choose at least one" : undefined}
        data={dataOfOneSite(datasets, chosen[0])}
        value={chosen}
        onChange={setChosen}
        searchable
        nothingFoundMessage="No checked data set"
        data-autofocus
      />
      <NumberInput
        label="Epochs"
        description="Passes over the site's training cases. Each is validated, and the best is taken."
        min={1}
        max={1000}
        allowDecimal={false}
        value={epochs}
        onChange={setEpochs}
      />
      <NumberInput
        label="Learning rate"
        description="Constant, of the optimizer that the model was trained with."
        min={0}
        max={1}
        step={0.0001}
        value={rate}
        onChange={setRate}
      />
      <NumberInput
        label="Pull to the start"
        description="Share by which the model is moved back after each epoch, 0 to below 1. 0: not at all."
        min={0}
        max={0.99}
        step={0.05}
        value={pull}
        onChange={setPull}
      />
      <Alert color="blue">
        It begins with the version's model of the site, or else its global one. Once it is completed, the best epoch is
        registered under the name with the site's short name.
      </Alert>
    </ModalForm>
  );
}
