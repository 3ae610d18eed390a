import { Card, CloseButton, Group, Stack, Text } from "@mantine/core";
import type { FieldProblem } from "@/api";
import type { JsonSchema } from "@/lib/schema";
import { strategyHelp, strategyName } from "@/lib/words";
import { type ExperimentForm, strategySchemas } from "./formValues";
import { StrategyFields } from "./Strategies";

interface Props {
  federationId: string;
  schema: JsonSchema;
  form: ExperimentForm;
  problems: readonly FieldProblem[];
  /** Of the method among those that are added. */
  index: number;
  /** Whether the experiment has the method already. */
  present: boolean;
  onRemove: () => void;
}

/** A method that is added to an experiment, with the settings that it will have. */
export function AddedMethod({ federationId, schema, form, problems, index, present, onRemove }: Props) {
  const name = String(form.values.strategies[index]?.name);
  const label = strategyName(name);
  return (
    <Card withBorder padding="md" component="section" aria-label={label}>
      <Stack gap="sm">
        <Group justify="space-between" wrap="nowrap" align="flex-start">
          <div>
            <Text fw={600}>{label}</Text>
            <Text size="xs" c="dimmed">
              {strategyHelp(name)}
              {present && " It begins with the experiment's settings: change at least one."}
            </Text>
          </div>
          <CloseButton aria-label={`Do not add ${label}`} onClick={onRemove} />
        </Group>
        <StrategyFields
          {...{ federationId, schema, form, problems, index }}
          strategy={strategySchemas(schema)[name] ?? {}}
        />
      </Stack>
    </Card>
  );
}
