import { Badge, Button, Card, Checkbox, CloseButton, Group, Stack, Text } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import type { FieldProblem } from "@/api";
import { type Field, fieldsOf, type JsonSchema } from "@/lib/schema";
import { STRATEGY_GROUPS, strategyHelp, strategyName } from "@/lib/words";
import type { ExperimentForm } from "./formValues";
import { byOrder, errorAt, errorOf, newStrategy, strategySchemas } from "./formValues";
import { MethodPresets } from "./MethodPresets";
import { SchemaFields } from "./SchemaFields";
import { VariantField } from "./VariantField";

interface Props {
  federationId: string;
  schema: JsonSchema;
  form: ExperimentForm;
  problems: readonly FieldProblem[];
  /** Lambda, as text, to SoftPull's contraction factor. */
  rho: Record<string, number>;
  /** Lists only methods whose name or explanation contains this; chosen ones stay. */
  search: string;
}

export function Strategies(props: Props) {
  const { schema, form, problems, search } = props;
  const wanted = (name: string) =>
    chosen.some((entry) => entry.name === name) ||
    `${strategyName(name)} ${strategyHelp(name)}`.toLowerCase().includes(search.trim().toLowerCase());
  const chosen = form.values.strategies;
  const schemas = strategySchemas(schema);
  const grouped = STRATEGY_GROUPS.flatMap(({ names }) => names);
  const others = Object.keys(schemas).filter((name) => !grouped.includes(name));
  const groups = [...STRATEGY_GROUPS, { title: "Others", names: others }].map(({ title, names }) => ({
    title,
    names: names.filter((name) => schemas[name] && wanted(name)),
  }));
  return (
    <Stack gap="lg">
      {groups
        .filter(({ names }) => names.length > 0)
        .map(({ title, names }) => (
          <Stack key={title} gap="sm" role="group" aria-label={title}>
            <Text fw={600} size="sm">
              {title}
            </Text>
            {names.map((name) => (
              <StrategyChoice key={name} {...props} name={name} strategy={schemas[name] ?? {}} />
            ))}
          </Stack>
        ))}
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

/** A method to tick, and the settings with which it takes part: one set, or several to compare. */
function StrategyChoice(props: Props & { name: string; strategy: JsonSchema }) {
  const { schema, form, name, strategy } = props;
  const chosen = form.values.strategies;
  const indices = chosen.flatMap((entry, index) => (entry.name === name ? [index] : []));
  const set = (strategies: typeof chosen) => form.setFieldValue("strategies", [...strategies].sort(byOrder));
  return (
    <>
      <Checkbox
        label={strategyName(name)}
        description={strategyHelp(name)}
        checked={indices.length > 0}
        onChange={(event) =>
          set(
            event.currentTarget.checked
              ? [...chosen, newStrategy(schema, name)]
              : chosen.filter((entry) => entry.name !== name),
          )
        }
      />
      {indices.map((index, place) => (
        <StrategyOptions
          key={index}
          {...props}
          index={index}
          place={indices.length > 1 ? place + 1 : undefined}
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
    </>
  );
}

interface OptionsProps extends Props {
  strategy: JsonSchema;
  index: number;
  /** Which of the method's settings this is, where there are several. */
  place: number | undefined;
  onRemove: (() => void) | undefined;
}

function StrategyOptions({ place, onRemove, ...fields }: OptionsProps) {
  const { schema, form, strategy, index } = fields;
  if (fieldsOf(schema, strategy).length === 0) return <StrategyFields {...fields} />;
  return (
    <Card withBorder ml={32} padding="md">
      {onRemove && (
        <CloseButton
          aria-label="Remove this setting"
          onClick={onRemove}
          style={{ position: "absolute", top: 6, right: 6 }}
        />
      )}
      <Stack gap="md">
        {place && (
          <Text size="sm" fw={600}>
            {strategyName(String(form.values.strategies[index]?.name))}, setting {place}
          </Text>
        )}
        <StrategyFields {...fields} />
      </Stack>
    </Card>
  );
}

interface FieldsProps {
  federationId: string;
  schema: JsonSchema;
  form: ExperimentForm;
  problems: readonly FieldProblem[];
  rho?: Record<string, number>;
  strategy: JsonSchema;
  index: number;
}

/** What is wrong with a chosen method as a whole, and its settings. */
export function StrategyFields({ federationId, schema, form, problems, rho = {}, strategy, index }: FieldsProps) {
  const path = `strategies.${index}`;
  const fields = fieldsOf(schema, strategy);
  const nameError = errorAt(problems, `${path}.name`) ?? errorOf(problems, path);
  const showRho = (field: Field) =>
    field.name === "lambda" && <Rho value={form.values.strategies[index]?.lambda} rho={rho} />;
  return (
    <>
      {nameError && (
        <Text c="red" size="sm" role="alert">
          {nameError}
        </Text>
      )}
      {form.values.strategies[index]?.name === "fedsm" && <MethodPresets {...{ federationId, form, index }} />}
      <SchemaFields fields={fields} path={path} form={form} problems={problems} extra={showRho} />
      {fields
        .filter((field) => field.kind === "variant")
        .map((field) => (
          <VariantField key={field.name} {...{ schema, form, problems, field }} path={`${path}.${field.name}`} />
        ))}
    </>
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
