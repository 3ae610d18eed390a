import { Modal, Select, Stack, Switch, TagsInput, Text } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useRef, useState } from "react";
import {
  ApiError,
  api,
  type ExperimentRecord,
  experimentQuery,
  experimentsQuery,
  fieldErrors,
  formPath,
  unwrap,
} from "@/api";
import { Loaded, RowsSkeleton } from "@/components/Feedback";
import { ModalForm } from "@/components/FormModal";
import { notifyDone } from "@/components/notify";
import { plural } from "@/lib/format";
import { fieldsOf, type JsonSchema } from "@/lib/schema";
import { STRATEGY_GROUPS, strategyName } from "@/lib/words";
import { AddedMethod } from "./AddedMethod";
import {
  errorOf,
  initialValues,
  newStrategy,
  type StrategyValues,
  strategySchemas,
  type Values,
  valuesOfExperiment,
} from "./formValues";
import { experimentSchemaQuery } from "./queries";

interface Props {
  experiment: ExperimentRecord;
  opened: boolean;
  onClose: () => void;
}

/** More methods, with settings of their own, and seeds for an experiment that exists: what is trained stays. */
export function AddRuns({ experiment, opened, onClose }: Props) {
  return (
    <Modal opened={opened} onClose={onClose} title={`Add runs to ${experiment.name}`} size="xl">
      <WithSchema experiment={experiment} onClose={onClose} />
    </Modal>
  );
}

function WithSchema(props: Omit<Props, "opened">) {
  const schema = useQuery(experimentSchemaQuery);
  return (
    <Loaded query={schema} skeleton={<RowsSkeleton rows={3} />}>
      {(loaded) => <AddForm {...props} schema={loaded} />}
    </Loaded>
  );
}

function AddForm({ experiment, onClose, schema }: Omit<Props, "opened"> & { schema: JsonSchema }) {
  const client = useQueryClient();
  const takeRefusalBack = useRef(() => {});
  // With the experiment's other settings, because which settings of a method count depends on them.
  const [starting] = useState<Values>(() => ({
    ...valuesOfExperiment(experiment, initialValues(schema, 2)),
    strategies: [],
    sweep: null,
  }));
  const form = useForm<Values>({ initialValues: starting, onValuesChange: () => takeRefusalBack.current() });
  const [seeds, setSeeds] = useState<string[]>([]);
  const [start, setStart] = useState(true);
  const { strategies, seeds: present = [] } = experiment.config;
  const chosen = form.values.strategies;
  const wrong = seeds.filter((seed) => !/^\d+$/.test(seed) || present.includes(Number(seed)));
  const count =
    (strategies.length + chosen.length) * (present.length + seeds.length) - strategies.length * present.length;
  const add = useMutation({
    mutationFn: () =>
      unwrap<ExperimentRecord>(
        api.addRuns({
          path: { experiment_id: experiment.id },
          body: { strategies: chosen as never, seeds: seeds.map(Number), start },
        }),
      ),
    onSuccess: async (fresh) => {
      client.setQueryData(experimentQuery(experiment.id).queryKey, fresh);
      await client.invalidateQueries({ queryKey: experimentsQuery(experiment.federation_id).queryKey });
      notifyDone(`${plural(count, "run is", "runs are")} added${start ? " and started" : ""}.`);
      onClose();
    },
  });
  takeRefusalBack.current = () => add.isError && add.reset();
  const problems = add.error instanceof ApiError ? add.error.fields : [];
  const errors = fieldErrors(problems);
  const atFields = problems.length > 0 && problems.every(({ field }) => /^(strategies|seeds)/.test(formPath(field)));
  const set = (next: StrategyValues[]) => form.setFieldValue("strategies", next);
  return (
    <ModalForm
      action={count > 0 ? `Add ${plural(count, "run")}` : "Add runs"}
      onSubmit={() => add.mutate()}
      onCancel={onClose}
      busy={add.isPending}
      error={add.error}
      errorTitle="Nothing was added"
      fieldErrors={atFields ? errors : {}}
      disabled={count === 0 || wrong.length > 0}
    >
      <Select
        label="Add a method"
        description="With its own settings; also one that the experiment has, with other settings."
        placeholder="Choose a method"
        searchable
        value={null}
        onChange={(name) => name && set([...chosen, settingsToBegin(experiment, schema, name)])}
        data={offered(experiment, schema)}
        error={errorOf(problems, "strategies")}
      />
      {chosen.map((strategy, index) => (
        <AddedMethod
          // biome-ignore lint/suspicious/noArrayIndexKey: a method may be there twice, and its settings are of its place
          key={index}
          {...{ schema, form, problems, index }}
          federationId={experiment.federation_id}
          present={strategies.some(({ name }) => name === strategy.name)}
          onRemove={() => set(chosen.filter((_, other) => other !== index))}
        />
      ))}
      <TagsInput
        label="Add seeds"
        description={`The experiment has ${present.join(", ")}. Every method is trained with each new one.`}
        placeholder="1, then Enter"
        value={seeds}
        onChange={(next) => {
          setSeeds(next);
          takeRefusalBack.current();
        }}
        error={
          wrong.length > 0
            ? `${wrong.join(", ")}: give whole numbers from 0 that the experiment does not have yet`
            : errors.seeds
        }
      />
      <Stack gap="xs">
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
    </ModalForm>
  );
}

/** Of a method that the experiment has its settings, of which some then differ; else the defaults. */
function settingsToBegin(experiment: ExperimentRecord, schema: JsonSchema, name: string): StrategyValues {
  const there = experiment.config.strategies.find((strategy) => strategy.name === name);
  return { ...newStrategy(schema, name), ...structuredClone(there as StrategyValues | undefined) };
}

/** Every method, by group, but those that the experiment has and that have no setting in which they could differ. */
function offered(experiment: ExperimentRecord, schema: JsonSchema) {
  const schemas = strategySchemas(schema);
  const has = (name: string) => experiment.config.strategies.some((strategy) => strategy.name === name);
  const useful = (name: string) => {
    const own = schemas[name];
    return own !== undefined && (!has(name) || fieldsOf(schema, own).length > 0);
  };
  return STRATEGY_GROUPS.map(({ title, names }) => ({
    group: title,
    items: names.filter(useful).map((name) => ({ value: name, label: strategyName(name) })),
  })).filter(({ items }) => items.length > 0);
}
