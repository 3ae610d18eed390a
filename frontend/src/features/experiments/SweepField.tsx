import { Anchor, MultiSelect, Stack, Text, TextInput } from "@mantine/core";
import { IconArrowsSplit2 } from "@tabler/icons-react";
import type { ReactNode } from "react";
import type { Field } from "@/lib/schema";
import { strategyName } from "@/lib/words";
import { axisPath, isSweepable, placesOf } from "./axes";
import type { ExperimentForm } from "./formValues";
import { sweepValues } from "./sweep";

interface Props {
  field: Field;
  /** Of the field in the form. */
  path: string;
  form: ExperimentForm;
}

export function isSwept({ field, path, form }: Props): boolean {
  return isSweepable(field) && axisPath(path, form.values) in (form.values.sweep ?? {});
}

function setSweep({ field, path, form }: Props, text: string | null) {
  const axis = axisPath(path, form.values);
  const { [axis]: _old, ...rest } = form.values.sweep ?? {};
  form.setFieldValue("sweep", text === null ? rest : { ...rest, [axis]: { text, values: sweepValues(text, field) } });
}

/** Several values of one setting, as a list or a range; of a choice, those that are chosen. */
export function SweepInput(props: Props & { label: ReactNode; error: string | undefined }) {
  const { field, path, form, label, error } = props;
  const axis = axisPath(path, form.values);
  const text = form.values.sweep?.[axis]?.text ?? "";
  const method = placesOf(axis, form.values).length > 1 ? axis.split(".")[0] : undefined;
  const every = method === undefined ? "" : ` Every ${strategyName(method)} setting takes these values.`;
  const common = { label, error, inputWrapperOrder: ORDER };
  if (field.kind === "choice") {
    return (
      <MultiSelect
        {...common}
        description={
          <Text span size="xs">
            Each chosen value is trained.{every}
          </Text>
        }
        data={field.choices}
        value={text.split(",").filter((part) => part !== "")}
        onChange={(chosen) => setSweep(props, chosen.join(","))}
      />
    );
  }
  if (field.kind === "boolean") {
    return (
      <Stack gap={2}>
        <Text size="sm">
          {label}: off and on, each is trained.{every}
        </Text>
        {error && (
          <Text size="xs" c="red" role="alert">
            {error}
          </Text>
        )}
      </Stack>
    );
  }
  return (
    <TextInput
      {...common}
      description={
        <Text span size="xs">
          Several values: a list such as 1, 2, 4, or a range such as 0.1 to 0.9 by 0.2.
          {field.bounds && ` Allowed: ${field.bounds}.`}
          {every}
        </Text>
      }
      value={text}
      onChange={(event) => setSweep(props, event.currentTarget.value)}
    />
  );
}

const ORDER: ("label" | "input" | "error" | "description")[] = ["label", "input", "error", "description"];

/** Between one value and several. */
export function SweepToggle(props: Props) {
  const { field, path, form } = props;
  if (form.values.sweep === null || !isSweepable(field)) return null;
  const swept = isSwept(props);
  const value = form.getInputProps(path).value as unknown;
  const first = field.kind === "boolean" ? "false,true" : field.kind === "choice" ? String(value) : `${value ?? ""}, `;
  return (
    <Anchor
      component="button"
      type="button"
      size="xs"
      c="dimmed"
      mih={24}
      aria-label={swept ? `One value of ${field.label}` : `Several values of ${field.label}`}
      onClick={() => setSweep(props, swept ? null : first)}
    >
      <IconArrowsSplit2 size={12} aria-hidden style={{ verticalAlign: "-1px" }} />{" "}
      {swept ? "One value" : "Several values"}
    </Anchor>
  );
}
