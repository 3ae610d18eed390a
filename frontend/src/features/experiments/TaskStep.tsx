import { Alert, Stack, Textarea, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { type ConfigCheckResult, type FederationRecord, type FieldProblem, leakageQuery } from "@/api";
import { TextLink } from "@/components/links";
import { plural } from "@/lib/format";
import type { Field, JsonSchema } from "@/lib/schema";
import { FoldedFields } from "./FoldedFields";
import type { ExperimentForm } from "./formValues";
import { errorAt, type Values } from "./formValues";
import { Problems } from "./Problems";
import { SchemaFields } from "./SchemaFields";
import { Section } from "./Section";
import { SiteRoles } from "./SiteRoles";
import { TemplateCards } from "./TemplateCards";

interface Props {
  federation: FederationRecord;
  schema: JsonSchema;
  form: ExperimentForm;
  problems: readonly FieldProblem[];
  fields: Field[];
  check: ConfigCheckResult | undefined;
  onFill: (values: Values, from: string) => void;
}

export function TaskStep({ federation, schema, form, problems, fields, check, onFill }: Props) {
  return (
    <>
      <Section title="Question">
        <TextInput
          label="Name"
          required
          placeholder="FedSM against the baselines"
          maxLength={80}
          {...form.getInputProps("name")}
          error={errorAt(problems, "name")}
        />
        <Textarea
          label="Description"
          description="What you want to find out; it stands on the results and in reports."
          autosize
          minRows={2}
          maxLength={2000}
          {...form.getInputProps("description")}
        />
      </Section>
      <TemplateCards {...{ federation, form, onFill }} />
      <Section title="Sites">
        <Leakage federationId={federation.id} />
        <Problems
          problems={problems.filter(({ field }) => field === "federation")}
          strategies={form.values.strategies}
        />
        <Problems
          kind="warning"
          problems={(check?.warnings ?? []).filter(({ field }) => field === "federation")}
          strategies={form.values.strategies}
        />
        <SiteRoles federation={federation} form={form} problems={problems} />
        <SchemaFields fields={fields} path="" form={form} problems={problems} />
        <FoldedFields section="waiting" {...{ schema, form, problems }} />
      </Section>
    </>
  );
}

/** Test images that somebody trains on make every score worthless: said before anything is trained. */
function Leakage({ federationId }: { federationId: string }) {
  const { data } = useQuery(leakageQuery(federationId));
  if (!data || data.num_serious === 0) return null;
  return (
    <Alert color="yellow" title={`${plural(data.num_serious, "image")} reach from training into the test`}>
      <Stack gap={4} align="flex-start">
        Scores on them say nothing of new patients.
        <TextLink
          size="sm"
          to="/federations/$federationId"
          params={{ federationId }}
          search={{ tab: "statistics" }}
          target="_blank"
        >
          See which, and what to do
        </TextLink>
      </Stack>
    </Alert>
  );
}
