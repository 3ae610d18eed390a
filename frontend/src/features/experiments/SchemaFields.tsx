import {
  Anchor,
  Checkbox,
  Group,
  NumberInput,
  Select,
  SimpleGrid,
  Stack,
  Text,
  TextInput,
  Tooltip,
} from "@mantine/core";
import { IconInfoCircle, IconRestore } from "@tabler/icons-react";
import { Fragment, type ReactNode, useState } from "react";
import type { FieldProblem } from "@/api";
import { DocumentLink, documentsIn, HelpText, withoutPaths } from "@/components/HelpText";
import { upperFirst } from "@/lib/format";
import { choiceValue, type Field, parseNumbers } from "@/lib/schema";
import { counts } from "./axes";
import { type ExperimentForm, errorAt } from "./formValues";
import { isSwept, SweepInput, SweepToggle } from "./SweepField";

interface Props {
  fields: Field[];
  /** The path of the object that the fields belong to; empty for the configuration itself. */
  path: string;
  form: ExperimentForm;
  problems: readonly FieldProblem[];
  extra?: (field: Field) => ReactNode;
}

/** One input for each field of a schema that counts as things stand, with the schema's help and bounds. */
export function SchemaFields({ fields, path, form, problems, extra }: Props) {
  const shown = fields.filter((field) => field.kind !== "variant" && counts(field, path, form.values));
  if (shown.length === 0) return null;
  return (
    <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="lg" verticalSpacing="md">
      {shown.map((field) => {
        const at = path ? `${path}.${field.name}` : field.name;
        return (
          <Stack key={field.name} gap={4}>
            {isSwept({ field, path: at, form }) ? (
              <SweepInput {...{ field, form }} path={at} label={field.label} error={errorAt(problems, at)} />
            ) : (
              <SchemaInput field={field} path={at} form={form} error={errorAt(problems, at)} />
            )}
            <Group gap="md">
              {!isSwept({ field, path: at, form }) && <Reset field={field} path={at} form={form} />}
              <SweepToggle {...{ field, form }} path={at} />
            </Group>
            {!isSwept({ field, path: at, form }) && extra?.(field)}
          </Stack>
        );
      })}
    </SimpleGrid>
  );
}

interface InputProps {
  field: Field;
  path: string;
  form: ExperimentForm;
  error: string | undefined;
}

/** Below this, plus and minus buttons would jump over every sensible value. */
const MIN_STEPPED = 0.01;

function SchemaInput({ field, path, form, error }: InputProps) {
  const props = form.getInputProps(path);
  const common = {
    label: <Label field={field} />,
    description: <Help field={field} />,
    error,
    inputWrapperOrder: ORDER,
  };
  if (field.kind === "choice") {
    return (
      <Select
        {...common}
        description={<Help field={field} choice={String(props.value)} />}
        data={field.choices}
        renderOption={({ option, checked }) => (
          <Choice name={option.value} help={field.meanings[option.value]} checked={checked} />
        )}
        allowDeselect={false}
        value={String(props.value)}
        onChange={(shown) => shown !== null && form.setFieldValue(path, choiceValue(field, shown))}
        error={error}
      />
    );
  }
  if (field.kind === "boolean")
    return (
      <Checkbox
        label={<Label field={field} />}
        description={<Help field={field} />}
        error={error}
        checked={Boolean(props.value)}
        onChange={(event) => form.setFieldValue(path, event.currentTarget.checked)}
      />
    );
  if (field.kind === "numbers") return <NumbersInput {...{ field, path, form, error }} />;
  if (field.kind === "integer" || field.kind === "number") {
    const small = field.kind === "number" && Number(field.default) < MIN_STEPPED;
    return (
      <NumberInput
        {...common}
        {...props}
        value={(props.value as number | string | null) ?? ""}
        onChange={(value) => form.setFieldValue(path, field.optional && value === "" ? null : value)}
        error={error}
        allowDecimal={field.kind === "number"}
        // What is out of bounds is refused with its remedy, never changed under the user's hands.
        clampBehavior="none"
        step={field.kind === "number" ? 0.05 : (field.schema.multipleOf ?? 1)}
        hideControls={small}
      />
    );
  }
  return <TextInput {...common} {...props} error={error} />;
}

const ORDER: ("label" | "input" | "error" | "description")[] = ["label", "input", "error", "description"];

function NumbersInput({ field, path, form, error }: InputProps) {
  const value = form.getInputProps(path).value as unknown[] | null;
  const [typed, setText] = useState(() => (value ?? []).join(", "));
  // Set from elsewhere, by a template or a reset, the value counts and not what was typed.
  const text = sameNumbers(parseNumbers(typed), value ?? []) ? typed : (value ?? []).join(", ");
  return (
    <TextInput
      label={<Label field={field} />}
      description={<Help field={field} />}
      inputWrapperOrder={ORDER}
      error={error}
      value={text}
      onChange={(event) => {
        setText(event.currentTarget.value);
        const numbers = parseNumbers(event.currentTarget.value);
        form.setFieldValue(path, field.optional && numbers.length === 0 ? null : numbers);
      }}
    />
  );
}

function sameNumbers(first: readonly unknown[], second: readonly unknown[]): boolean {
  return JSON.stringify(first) === JSON.stringify(second);
}

function isChanged(value: unknown, field: Field): boolean {
  return field.default !== undefined && JSON.stringify(value ?? null) !== JSON.stringify(field.default);
}

function defaultText(value: unknown): string {
  if (value === null) return "empty";
  if (typeof value === "boolean") return value ? "on" : "off";
  return Array.isArray(value) ? value.join(", ") : String(value);
}

function Label({ field }: { field: Field }) {
  if (!field.source) return <>{field.label}</>;
  return (
    <>
      {field.label}{" "}
      <Tooltip label={`Default: ${withoutPaths(field.source)}.`}>
        <IconInfoCircle size={14} aria-hidden style={{ verticalAlign: "-2px", color: "var(--mantine-color-dimmed)" }} />
      </Tooltip>
    </>
  );
}

/** Outside the label, which would otherwise be read with the button's words. */
function Reset({ field, path, form }: { field: Field; path: string; form: ExperimentForm }) {
  if (!isChanged(form.getInputProps(path).value, field)) return null;
  return (
    <Anchor
      component="button"
      type="button"
      size="xs"
      mih={24}
      style={{ alignSelf: "flex-start" }}
      aria-label={`Set ${field.label} back to its default`}
      onClick={() => form.setFieldValue(path, structuredClone(field.default))}
    >
      <IconRestore size={12} aria-hidden style={{ verticalAlign: "-1px" }} /> Back to {defaultText(field.default)}
    </Anchor>
  );
}

/** One of several, with what it means. */
function Choice({ name, help, checked }: { name: string; help: string | undefined; checked: boolean | undefined }) {
  return (
    <div>
      <Text size="sm" fw={checked ? 600 : undefined}>
        {name}
      </Text>
      {help && (
        <Text size="xs" c="dimmed">
          {help}
        </Text>
      )}
    </div>
  );
}

/** choice: the chosen one; the others explain themselves in the list. */
function Help({ field, choice }: { field: Field; choice?: string }) {
  const meaning = choice === undefined ? undefined : field.meanings[choice];
  const chosen = meaning ? `${upperFirst(meaning)}.` : "";
  const help = [field.help, chosen].filter((part) => part !== "").join(" ");
  const reasons = documentsIn(field.source ?? "").filter((path) => !help.includes(path));
  return (
    <Text span size="xs">
      <HelpText>{help}</HelpText>
      {field.bounds && ` Allowed: ${field.bounds}.`}
      {field.default !== undefined &&
        ` Default: ${defaultText(field.default)}${field.unit && field.default !== null ? ` ${field.unit}` : ""}.`}
      {reasons.map((path) => (
        <Fragment key={path}>
          {" "}
          Why: <DocumentLink path={path} />.
        </Fragment>
      ))}
    </Text>
  );
}
