import { Select, Stack } from "@mantine/core";
import type { FieldProblem } from "@/api";
import { HelpText } from "@/components/HelpText";
import { type Field, fieldsOf, type JsonSchema, variants } from "@/lib/schema";
import { strategyName } from "@/lib/words";
import type { ExperimentForm } from "./formValues";
import { errorAt } from "./formValues";
import { SchemaFields } from "./SchemaFields";

/** A choice between alternatives that bring their own fields, such as the selector or the network. */
export function VariantField(props: {
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
    <Stack gap="md">
      <Select
        label={field.label}
        description={<HelpText>{chosen?.description ?? field.help}</HelpText>}
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
