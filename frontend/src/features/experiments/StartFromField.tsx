import { SegmentedControl, Select, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { type ConfigProblem, type FederationRecord, type FieldProblem, modelsQuery } from "@/api";
import { formatDice } from "@/lib/format";
import type { ExperimentForm } from "./formValues";
import { Problems } from "./Problems";

interface Props {
  federation: FederationRecord;
  form: ExperimentForm;
  problems: readonly FieldProblem[];
  warnings: readonly ConfigProblem[] | undefined;
}

const RANDOM = "";

/** Random weights, or the models of a completed run or of an imported file. */
export function StartFromField({ federation, form, problems, warnings }: Props) {
  const models = useQuery(modelsQuery(federation.id));
  const value = form.values.start_from;
  const known = (models.data ?? []).map((set) => ({
    value: set.run_id,
    label: `${set.imported ? "Imported: " : ""}${set.experiment_name}: ${set.strategy_label}, seed ${set.seed}, round ${set.round}${
      set.scores[0]?.dice == null ? "" : ` (test Dice ${formatDice(set.scores.at(-1)?.dice ?? null)})`
    }`,
  }));
  // A copied or imported experiment may name a run of another federation.
  const other = value && !known.some((entry) => entry.value === value.run);
  const data = [
    { value: RANDOM, label: "Random weights, drawn from the seed" },
    ...known,
    ...(other ? [{ value: value.run, label: `Run ${value.run}` }] : []),
  ];
  const wrong = problems.filter(({ field }) => field.startsWith("start_from"));
  const own = (warnings ?? []).filter(({ field }) => field.startsWith("start_from"));
  return (
    <Stack gap="sm">
      <Select
        label="Training begins with"
        description="Models are imported, and those of other runs are listed, under Models of the federation."
        data={data}
        value={value?.run ?? RANDOM}
        onChange={(run) => form.setFieldValue("start_from", run ? { run, models: value?.models ?? "all" } : null)}
        allowDeselect={false}
        searchable
        nothingFoundMessage="No such model"
        maw={640}
      />
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
