import { Select, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { type ExperimentTemplate, experimentTemplatesQuery } from "@/api";
import { valuesOfTemplate } from "./formValues";
import type { ExperimentForm } from "./SchemaFields";

/** Fills the whole form; what does not fit the federation is then said like any other problem. */
export function TemplateSelect({ form }: { form: ExperimentForm }) {
  const templates = useQuery(experimentTemplatesQuery);
  const [chosen, setChosen] = useState<string | null>(null);
  const all = templates.data ?? [];
  const template = all.find((entry) => entry.name === chosen);
  if (all.length === 0) return null;
  return (
    <Stack gap={6}>
      <Select
        label="Start from a template"
        description="Replaces every setting below; name and description only where they are empty."
        placeholder="None: the defaults"
        value={chosen}
        onChange={(name) => {
          setChosen(name);
          const next = all.find((entry) => entry.name === name);
          if (next) form.setValues(valuesOfTemplate(next, form.values));
        }}
        data={all.map((entry) => ({ value: entry.name, label: entry.title }))}
        renderOption={({ option }) => <Option template={all.find((entry) => entry.name === option.value)} />}
        maxDropdownHeight={420}
      />
      {template && (
        <Text size="xs" c="dimmed" style={{ whiteSpace: "pre-line" }} data-testid="template-notes">
          {template.notes}
        </Text>
      )}
    </Stack>
  );
}

function Option({ template }: { template: ExperimentTemplate | undefined }) {
  return (
    <Stack gap={0}>
      <Text size="sm">{template?.title}</Text>
      <Text size="xs" c="dimmed">
        {template?.description}
      </Text>
    </Stack>
  );
}
