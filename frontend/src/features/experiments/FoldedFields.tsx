import { Button, Collapse, Stack } from "@mantine/core";
import { IconChevronDown, IconChevronRight } from "@tabler/icons-react";
import { useState } from "react";
import type { FieldProblem } from "@/api";
import { fieldsOf, type JsonSchema } from "@/lib/schema";
import { counts } from "./axes";
import type { ExperimentForm } from "./formValues";
import { errorAt } from "./formValues";
import { SchemaFields } from "./SchemaFields";
import { isSwept } from "./SweepField";
import { isUsual } from "./steps";

interface Props {
  section: string;
  schema: JsonSchema;
  form: ExperimentForm;
  problems: readonly FieldProblem[];
}

/** The usual fields, and the others folded away unless one of them is changed or wrong. */
export function FoldedFields({ section, schema, form, problems }: Props) {
  const values = form.getInputProps(section).value as Record<string, unknown>;
  const fields = fieldsOf(schema, schema.properties?.[section] ?? {}).filter((field) =>
    counts(field, section, form.values),
  );
  const more = fields.filter((field) => !isUsual(section, field.name));
  const touched = more.filter(
    (field) =>
      JSON.stringify(values[field.name]) !== JSON.stringify(field.default) ||
      isSwept({ field, path: `${section}.${field.name}`, form }),
  );
  const wrong = more.some((field) => errorAt(problems, `${section}.${field.name}`) !== undefined);
  const [opened, setOpened] = useState<boolean | null>(null);
  const shown = wrong || (opened ?? touched.length > 0);
  return (
    <Stack>
      <SchemaFields
        fields={fields.filter((field) => isUsual(section, field.name))}
        path={section}
        form={form}
        problems={problems}
      />
      {more.length > 0 && (
        <>
          <Button
            variant="subtle"
            size="compact-sm"
            style={{ alignSelf: "flex-start" }}
            aria-expanded={shown}
            disabled={wrong}
            onClick={() => setOpened(!shown)}
            leftSection={shown ? <IconChevronDown size={14} aria-hidden /> : <IconChevronRight size={14} aria-hidden />}
          >
            More settings ({more.length}
            {touched.length > 0 && `, ${touched.length} changed`})
          </Button>
          <Collapse expanded={shown}>
            <SchemaFields fields={more} path={section} form={form} problems={problems} />
          </Collapse>
        </>
      )}
    </Stack>
  );
}
