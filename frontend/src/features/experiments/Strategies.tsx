import { Badge, Button, Card, Checkbox, CloseButton, Group, Select, Stack, Text } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { Fragment } from "react";
import type { FieldProblem } from "@/api";
import { type Field, fieldsOf, type JsonSchema, variants } from "@/lib/schema";
import { strategyName } from "@/lib/words";
import { byOrder, errorAt, newStrategy, strategySchemas } from "./formValues";
import { type ExperimentForm, SchemaFields } from "./SchemaFields";

interface Props {
  schema: JsonSchema;
  form: ExperimentForm;
  problems: readonly FieldProblem[];
  /** Lambda, as text, to SoftPull's contraction factor. */
  rho: Record<string, number>;
}

export function Strategies(props: Props) {
  const { schema, form, problems } = props;
  const chosen = form.values.strategies;
  const all = Object.entries(strategySchemas(schema)).sort(([left], [right]) =>
    byOrder({ name: left }, { name: right }),
  );
  const set = (strategies: typeof chosen) => form.setFieldValue("strategies", [...strategies].sort(byOrder));
  return (
    <Stack gap="sm">
      {all.map(([name, strategy]) => {
        const indices = chosen.flatMap((entry, index) => (entry.name === name ? [index] : []));
        return (
          <Fragment key={name}>
            <Checkbox
              label={strategyName(name)}
              description={strategy.description}
              checked={indices.length > 0}
              onChange={(event) =>
                set(
                  event.currentTarget.checked
                    ? [...chosen, newStrategy(schema, name)]
                    : chosen.filter((entry) => entry.name !== name),
                )
              }
            />
            {indices.map((index) => (
              <StrategyOptions
                key={index}
                {...props}
                strategy={strategy}
                index={index}
                onRemove={indices.length > 1 ? () => set(chosen.filter((_, other) => other !== index)) : undefined}
              />
            ))}
            {indices.length > 0 && fieldsOf(schema, strategy).length > 0 && (
              <Button
                ml={32}
                variant="subtle"
                size="compact-sm"
                style={{ alignSelf: "flex-start" }}
                leftSection={<IconPlus size={14} aria-hidden />}
                onClick={() => set([...chosen, newStrategy(schema, name)])}
              >
                Compare another {strategyName(name)} setting
              </Button>
            )}
          </Fragment>
        );
      })}
      {chosen.length === 0 && (
        <Text c="red" size="sm">
          Choose at least one method.
        </Text>
      )}
      {problems
        .filter(({ field }) => /^(config\.)?strategies$/.test(field))
        .map((problem) => (
          <Text key={problem.message} c="red" size="sm">
            {problem.message}
          </Text>
        ))}
    </Stack>
  );
}

interface OptionsProps extends Props {
  strategy: JsonSchema;
  index: number;
  onRemove: (() => void) | undefined;
}

function StrategyOptions({ schema, form, problems, rho, strategy, index, onRemove }: OptionsProps) {
  const path = `strategies.${index}`;
  const fields = fieldsOf(schema, strategy);
  const nameError = errorAt(problems, `${path}.name`);
  const showRho = (field: Field) =>
    field.name === "lambda" && <Rho value={form.values.strategies[index]?.lambda} rho={rho} />;
  return (
    <>
      {nameError && (
        <Text c="red" size="sm" ml={32} role="alert">
          {nameError}
        </Text>
      )}
      {fields.length > 0 && (
        <Card withBorder ml={32} padding="md">
          {onRemove && (
            <CloseButton
              aria-label="Remove this setting"
              onClick={onRemove}
              style={{ position: "absolute", top: 6, right: 6 }}
            />
          )}
          <SchemaFields fields={fields} path={path} form={form} problems={problems} extra={showRho} />
          {fields
            .filter((field) => field.kind === "variant")
            .map((field) => (
              <Variant key={field.name} {...{ schema, form, problems, field }} path={`${path}.${field.name}`} />
            ))}
        </Card>
      )}
    </>
  );
}

/** A choice between alternatives that bring their own fields, such as the selector. */
function Variant(props: {
  schema: JsonSchema;
  form: ExperimentForm;
  problems: readonly FieldProblem[];
  field: Field;
  path: string;
}) {
  const { schema, form, problems, field, path } = props;
  const alternatives = variants(schema, field.schema);
  const value = form.getInputProps(path).value as { name: string };
  const chosen = alternatives[value.name];
  const choose = (name: string | null) => {
    const alternative = name === null ? undefined : alternatives[name];
    if (!alternative) return;
    const fields = fieldsOf(schema, alternative).map((entry) => [entry.name, entry.default]);
    form.setFieldValue(path, { name, ...Object.fromEntries(fields) });
  };
  return (
    <Stack mt="md" gap="md">
      <Select
        label={field.label}
        description={chosen?.description ?? field.help}
        inputWrapperOrder={["label", "input", "error", "description"]}
        data={Object.keys(alternatives).map((name) => ({ value: name, label: strategyName(name) }))}
        value={value.name}
        onChange={choose}
        allowDeselect={false}
        error={errorAt(problems, `${path}.name`)}
      />
      {chosen && (
        <SchemaFields key={value.name} fields={fieldsOf(schema, chosen)} path={path} form={form} problems={problems} />
      )}
    </Stack>
  );
}

function Rho({ value, rho }: { value: unknown; rho: Record<string, number> }) {
  const found = Object.entries(rho).find(([lambda]) => Number(lambda) === Number(value));
  if (!found) return null;
  return (
    <Group gap={6}>
      <Badge color={found[1] > 0 ? "petrol" : "red"}>ρ = {found[1].toFixed(3)}</Badge>
      <Text size="xs" c="dimmed">
        each round leaves this share of the sites' disagreement
      </Text>
    </Group>
  );
}
