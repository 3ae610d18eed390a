import type { ConfigCheckResult, FederationRecord, FieldProblem } from "@/api";
import { fieldsOf, type JsonSchema } from "@/lib/schema";
import { FoldedFields } from "./FoldedFields";
import type { ExperimentForm, Values } from "./formValues";
import { MethodsStep } from "./MethodsStep";
import { SchemaFields } from "./SchemaFields";
import { Section } from "./Section";
import { StartFromField } from "./StartFromField";
import type { Step } from "./steps";
import { TaskStep } from "./TaskStep";
import { VariantField } from "./VariantField";

interface Props {
  step: Exclude<Step, "review">;
  federation: FederationRecord;
  schema: JsonSchema;
  form: ExperimentForm;
  problems: readonly FieldProblem[];
  check: ConfigCheckResult | undefined;
  /** Replaces every setting; the words say by what. */
  onFill: (values: Values, from: string) => void;
}

/** Fields of the configuration's own that belong to the sites, not to the training. */
const OF_SITES = ["minimum_sites", "refuse_outliers"];

export function StepContent(props: Props) {
  const { step, schema, form, problems } = props;
  const own = fieldsOf(schema, schema);
  if (step === "task") return <TaskStep {...props} fields={own.filter((field) => OF_SITES.includes(field.name))} />;
  if (step === "methods")
    return (
      <MethodsStep {...{ schema, form, problems }} federationId={props.federation.id} rho={props.check?.rho ?? {}} />
    );
  if (step === "data") {
    return (
      <>
        <Section title="Images">
          <FoldedFields section="data" {...{ schema, form, problems }} />
        </Section>
        <Section title="Evaluation">
          <FoldedFields section="evaluation" {...{ schema, form, problems }} />
        </Section>
      </>
    );
  }
  return (
    <>
      <Section title="Network">
        {own
          .filter((field) => field.name === "network")
          .map((field) => (
            <VariantField key={field.name} {...{ schema, form, problems, field }} path={field.name} />
          ))}
      </Section>
      <Section title="Beginning">
        <StartFromField
          federation={props.federation}
          form={form}
          problems={problems}
          warnings={props.check?.warnings}
        />
      </Section>
      <Section title="Schedule">
        <FoldedFields section="schedule" {...{ schema, form, problems }} />
      </Section>
      <Section title="Repetition">
        <SchemaFields
          fields={own.filter((field) => field.kind !== "variant" && !OF_SITES.includes(field.name))}
          path=""
          form={form}
          problems={problems}
        />
      </Section>
    </>
  );
}
