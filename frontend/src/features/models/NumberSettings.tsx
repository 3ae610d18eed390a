import { NumberInput } from "@mantine/core";
import { useState } from "react";
import { fieldsOf, type JsonSchema } from "@/lib/schema";

/** The numbers that a form asks for, as the contract has them. An optional one begins empty, which is null. */
export function useNumberSettings(schema: JsonSchema) {
  const fields = fieldsOf(schema, schema).filter(({ kind }) => kind === "integer" || kind === "number");
  const [values, setValues] = useState<Record<string, number | string>>(
    Object.fromEntries(fields.map((field) => [field.name, (field.default as number | null) ?? ""])),
  );
  const settings = Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, value === "" ? null : Number(value)]),
  );
  const ready = fields.every(({ name, optional }) => optional || values[name] !== "");
  const change = (name: string, value: number | string) => setValues({ ...values, [name]: value });
  return { fields, values, settings, ready, change };
}

export function NumberSettings({ fields, values, change }: ReturnType<typeof useNumberSettings>) {
  return fields.map(({ name, label, help, bounds, kind }) => (
    <NumberInput
      key={name}
      label={label}
      description={`${help} Allowed: ${bounds}.`}
      allowDecimal={kind === "number"}
      // What is out of bounds is refused with its remedy, never changed under the user's hands.
      clampBehavior="none"
      hideControls={kind === "number"}
      value={values[name]}
      onChange={(value) => change(name, value)}
    />
  ));
}
