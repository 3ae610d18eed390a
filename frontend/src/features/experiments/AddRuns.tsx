import { MultiSelect, Stack, Switch, TagsInput, Text } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { ApiError, api, type ExperimentRecord, experimentQuery, experimentsQuery, fieldErrors, unwrap } from "@/api";
import { methods } from "@/api/tables.json";
import { FormModal } from "@/components/FormModal";
import { notifyDone } from "@/components/notify";
import { plural } from "@/lib/format";

interface Props {
  experiment: ExperimentRecord;
  opened: boolean;
  onClose: () => void;
}

/** More methods and seeds for an experiment that exists: what is trained stays. */
export function AddRuns({ experiment, opened, onClose }: Props) {
  const client = useQueryClient();
  const [names, setNames] = useState<string[]>([]);
  const [seeds, setSeeds] = useState<string[]>([]);
  const [start, setStart] = useState(true);
  const { strategies, seeds: present = [] } = experiment.config;
  const numbers = seeds.map(Number);
  const wrong = seeds.filter((seed) => !/^\d+$/.test(seed) || present.includes(Number(seed)));
  const count =
    (strategies.length + names.length) * (present.length + seeds.length) - strategies.length * present.length;
  const add = useMutation({
    mutationFn: () =>
      unwrap<ExperimentRecord>(
        api.addRuns({
          path: { experiment_id: experiment.id },
          body: { strategies: names.map((name) => ({ name })) as never, seeds: numbers, start },
        }),
      ),
    onSuccess: async (fresh) => {
      client.setQueryData(experimentQuery(experiment.id).queryKey, fresh);
      await client.invalidateQueries({ queryKey: experimentsQuery(experiment.federation_id).queryKey });
      notifyDone(`${plural(count, "run is", "runs are")} added${start ? " and started" : ""}.`);
      setNames([]);
      setSeeds([]);
      onClose();
    },
  });
  const errors = add.error instanceof ApiError ? fieldErrors(add.error.fields) : {};
  return (
    <FormModal
      opened={opened}
      onClose={onClose}
      title={`Add runs to ${experiment.name}`}
      action={count > 0 ? `Add ${plural(count, "run")}` : "Add runs"}
      onSubmit={(event) => {
        event?.preventDefault();
        add.mutate();
      }}
      busy={add.isPending}
      error={add.error}
      errorTitle="Nothing was added"
      disabled={count === 0 || wrong.length > 0}
    >
      <Stack gap="sm">
        <MultiSelect
          label="Methods"
          description="With their standard settings; clone the experiment for others."
          searchable
          data={methods
            .filter(({ name }) => !strategies.some((strategy) => strategy.name === name))
            .map(({ name, label }) => ({ value: name, label }))}
          value={names}
          onChange={setNames}
          error={errors.strategies}
        />
        <TagsInput
          label="Seeds"
          description={`The experiment has ${present.join(", ")}. Every method is trained with each new one.`}
          placeholder="1, then Enter"
          value={seeds}
          onChange={setSeeds}
          error={
            wrong.length > 0
              ? `${wrong.join(", ")}: give whole numbers from 0 that the experiment does not have yet`
              : errors.seeds
          }
        />
        <Switch
          label="Start them at once"
          checked={start}
          onChange={(event) => setStart(event.currentTarget.checked)}
        />
        <Text size="sm" data-testid="added-count">
          {count === 0
            ? "Choose a method or a seed."
            : `${plural(count, "new run")}, on the data of the other runs. What is trained stays as it is.`}
        </Text>
      </Stack>
    </FormModal>
  );
}
