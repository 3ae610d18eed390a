import { MultiSelect } from "@mantine/core";
import type { FederationRecord, FieldProblem } from "@/api";
import { errorAt } from "./formValues";
import type { ExperimentForm } from "./SchemaFields";

interface Props {
  federation: FederationRecord;
  form: ExperimentForm;
  problems: readonly FieldProblem[];
}

/** Sites that every model is tested on but none is trained on. */
export function HeldOutSites({ federation, form, problems }: Props) {
  const chosen = form.values.held_out_sites;
  const listed = federation.sites.map(({ slug, name }) => ({ value: slug, label: name }));
  const unknown = chosen.filter((slug) => !listed.some(({ value }) => value === slug));
  return (
    <MultiSelect
      label="Held-out sites"
      description="These do not train: every model is tested on their test cases, as on those of a hospital that the federation has never seen."
      placeholder={chosen.length === 0 ? "None: every site with data trains" : undefined}
      searchable={listed.length > 12}
      clearable
      value={chosen}
      onChange={(slugs) => form.setFieldValue("held_out_sites", slugs)}
      data={[...listed, ...unknown.map((slug) => ({ value: slug, label: `${slug} (not in this federation)` }))]}
      error={errorAt(problems, "held_out_sites")}
    />
  );
}
