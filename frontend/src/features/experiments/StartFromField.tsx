import { SegmentedControl, Select, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import {
  type ConfigProblem,
  type FederationRecord,
  type FieldProblem,
  isPart,
  modelsQuery,
  registeredModelsQuery,
} from "@/api";
import { NotWhole } from "@/components/Feedback";
import type { ExperimentForm } from "./formValues";
import { Problems } from "./Problems";
import { choiceOf, RANDOM, startChoices, startOf } from "./startFrom";

interface Props {
  federation: FederationRecord;
  form: ExperimentForm;
  problems: readonly FieldProblem[];
  warnings: readonly ConfigProblem[] | undefined;
}

/** Random weights, a registered version, or the models of a completed run or of an imported file. */
export function StartFromField({ federation, form, problems, warnings }: Props) {
  const models = useQuery(modelsQuery(federation.id));
  const registered = useQuery(registeredModelsQuery(federation.id));
  const value = form.values.start_from;
  const data = startChoices(registered.data ?? [], models.data ?? [], value);
  const isLoading = models.isPending || registered.isPending || isPart(models.data);
  const wrong = problems.filter(({ field }) => field.startsWith("start_from"));
  const own = (warnings ?? []).filter(({ field }) => field.startsWith("start_from"));
  return (
    <Stack gap="sm">
      <Select
        label="Training begins with"
        description="Models are imported and registered, and those of other runs are listed, under Models of the federation."
        data={data}
        value={choiceOf(value)}
        onChange={(choice) => form.setFieldValue("start_from", startOf(choice ?? RANDOM, value))}
        allowDeselect={false}
        searchable
        nothingFoundMessage={isLoading ? "No model of those that are loaded so far" : "No such model"}
        maw={640}
      />
      <NotWhole query={models} />
      {value && (
        <>
          <SegmentedControl
            aria-label="Which of its models"
            style={{ alignSelf: "flex-start" }}
            data={[
              { value: "all", label: "All its models" },
              { value: "global", label: "Its global model only" },
            ]}
            value={value.models}
            onChange={(chosen) => form.setFieldValue("start_from", { ...value, models: chosen })}
          />
          <Text size="xs" c="dimmed">
            {value.models === "all"
              ? "Each site begins with its own personalized model where there is one, else with the global one; a trained selector goes on."
              : "Every model begins as the global one."}
          </Text>
        </>
      )}
      <Problems problems={wrong} strategies={form.values.strategies} />
      <Problems kind="warning" problems={own} strategies={form.values.strategies} />
    </Stack>
  );
}
