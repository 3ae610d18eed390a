import { Alert, Card, Grid, SimpleGrid, Stack, Textarea, TextInput, Title } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import {
  ApiError,
  api,
  type ExperimentConfig,
  experimentSchemaQuery,
  experimentsQuery,
  type FederationRecord,
  type FieldProblem,
  federationQuery,
  unwrap,
} from "@/api";
import { ALL_FEDERATIONS, federationCrumb } from "@/components/crumbs";
import { Loaded } from "@/components/Feedback";
import { Page } from "@/components/Page";
import { fieldsOf, type JsonSchema } from "@/lib/schema";
import { configOf, errorAt, initialValues, type Values } from "./formValues";
import { HeldOutSites } from "./HeldOutSites";
import { Review } from "./Review";
import { SchemaFields } from "./SchemaFields";
import { Strategies } from "./Strategies";
import { TemplateSelect } from "./TemplateSelect";
import { VariantField } from "./VariantField";

const route = getRouteApi("/federations/$federationId/experiments/new");
const SECTIONS = ["data", "network", "schedule", "evaluation"] as const;
const SECTION_TITLES = { data: "Data", network: "Network", schedule: "Schedule", evaluation: "Evaluation" };
const CHECK_DELAY_MS = 300;

export function NewExperimentPage() {
  const { federationId } = route.useParams();
  const federation = useQuery(federationQuery(federationId));
  const schema = useQuery(experimentSchemaQuery);
  return (
    <Loaded query={federation}>
      {(loaded) => (
        <Loaded query={schema}>{(contract) => <ExperimentForm federation={loaded} schema={contract} />}</Loaded>
      )}
    </Loaded>
  );
}

/** What the backend says of the configuration as it stands, without creating anything. */
function useCheck(federationId: string, config: ExperimentConfig) {
  const [settled] = useDebouncedValue(config, CHECK_DELAY_MS);
  return useQuery({
    queryKey: ["experiment-check", federationId, settled],
    queryFn: () => unwrap(api.checkExperiment({ path: { federation_id: federationId }, body: { config: settled } })),
    enabled: settled.strategies.length > 0,
    retry: false,
    placeholderData: keepPreviousData,
    staleTime: 30_000,
  });
}

function ExperimentForm({ federation, schema }: { federation: FederationRecord; schema: JsonSchema }) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const [startingValues] = useState(() => initialValues(schema, federation.task.dimensions ?? 2));
  const form = useForm<Values>({ initialValues: startingValues });
  const config = configOf(form.values);
  const check = useCheck(federation.id, config);
  const create = useMutation({
    mutationFn: async (start: boolean) => {
      const { name, description } = form.values;
      const experiment = await unwrap(
        api.createExperiment({ path: { federation_id: federation.id }, body: { name, description, config } }),
      );
      if (start) await unwrap(api.startExperiment({ path: { experiment_id: experiment.id } }));
      return experiment;
    },
    onSuccess: async (experiment) => {
      await client.invalidateQueries({ queryKey: experimentsQuery(federation.id).queryKey });
      await navigate({ to: "/experiments/$experimentId", params: { experimentId: experiment.id }, search: {} });
    },
  });
  const checkProblems = check.error instanceof ApiError ? check.error.fields : (check.data?.problems ?? []);
  const createProblems = create.error instanceof ApiError ? create.error.fields : [];
  const problems: FieldProblem[] = [...checkProblems, ...createProblems];
  const otherError = create.error && createProblems.length === 0 ? create.error : null;
  return (
    <Page
      title="New experiment"
      crumbs={[ALL_FEDERATIONS, federationCrumb(federation, "experiments")]}
      subtitle="One question: the same data, network and schedule, and the methods to compare on them."
    >
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          create.mutate(true);
        }}
      >
        <Grid gap="lg">
          <Grid.Col span={{ base: 12, md: 8 }}>
            <Stack>
              {otherError && <Alert color="red">{otherError.message}</Alert>}
              <Card withBorder>
                <Stack>
                  <TextInput
                    label="Name"
                    required
                    placeholder="FedSM against the baselines"
                    {...form.getInputProps("name")}
                    error={errorAt(problems, "name")}
                  />
                  <Textarea label="Description" autosize minRows={1} {...form.getInputProps("description")} />
                  <TemplateSelect form={form} />
                </Stack>
              </Card>
              <Section title="Methods to compare">
                <Strategies schema={schema} form={form} problems={problems} rho={check.data?.rho ?? {}} />
              </Section>
              {SECTIONS.map((section) => (
                <Section key={section} title={SECTION_TITLES[section]}>
                  {section === "network" ? (
                    fieldsOf(schema, schema)
                      .filter((field) => field.name === section)
                      .map((field) => (
                        <VariantField key={section} {...{ schema, form, problems, field }} path={section} />
                      ))
                  ) : (
                    <SchemaFields
                      fields={fieldsOf(schema, schema.properties?.[section] ?? {})}
                      path={section}
                      form={form}
                      problems={problems}
                    />
                  )}
                </Section>
              ))}
              <Section title="Repetition and quorum">
                <SchemaFields fields={fieldsOf(schema, schema)} path="" form={form} problems={problems} />
                <HeldOutSites {...{ federation, form, problems }} />
              </Section>
            </Stack>
          </Grid.Col>
          <Grid.Col span={{ base: 12, md: 4 }}>
            <Review
              federation={federation}
              config={config}
              standard={configOf(startingValues)}
              check={check.data}
              problems={problems}
              named={form.values.name.trim() !== ""}
              pending={create.isPending}
              onCreate={() => create.mutate(false)}
            />
          </Grid.Col>
        </Grid>
      </form>
    </Page>
  );
}

function Section({ title, children }: { title: string; children: React.ReactNode }) {
  return (
    <Card withBorder>
      <Stack>
        <Title order={2} size="h4">
          {title}
        </Title>
        <SimpleGrid cols={1}>{children}</SimpleGrid>
      </Stack>
    </Card>
  );
}
