import { Alert, Button, Card, Code, Group, NumberInput, Select, Stack, Text, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { ApiError, api, datasetsQuery, type FederationRecord, federationQuery, fieldErrors, unwrap } from "@/api";
import { ALL_FEDERATIONS, federationCrumb } from "@/components/crumbs";
import { Loaded } from "@/components/Feedback";
import { Page } from "@/components/Page";
import { formatPercent } from "@/lib/format";

const route = getRouteApi("/federations/$federationId/datasets/new");

export function NewDatasetPage() {
  const { federationId } = route.useParams();
  const federation = useQuery(federationQuery(federationId));
  return <Loaded query={federation}>{(loaded) => <RegisterForm federation={loaded} />}</Loaded>;
}

interface Values {
  site: string | null;
  name: string;
  folder: string;
  train: number | string;
  val: number | string;
  seed: number | string;
}

function RegisterForm({ federation }: { federation: FederationRecord }) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const { site } = route.useSearch();
  const form = useForm<Values>({
    initialValues: {
      site: site ?? federation.sites[0]?.id ?? null,
      name: "",
      folder: "",
      train: 0.6,
      val: 0.15,
      seed: 0,
    },
  });
  const register = useMutation({
    mutationFn: (values: Values) =>
      unwrap(
        api.createDataset({
          path: { site_id: values.site ?? "" },
          body: {
            name: values.name,
            folder: values.folder,
            fractions: { train: Number(values.train), val: Number(values.val) },
            seed: Number(values.seed),
          },
        }),
      ),
    onSuccess: async (dataset) => {
      await client.invalidateQueries({ queryKey: datasetsQuery(federation.id).queryKey });
      await navigate({ to: "/datasets/$datasetId", params: { datasetId: dataset.id }, search: {} });
    },
    onError: (error) => {
      if (!(error instanceof ApiError)) return;
      const named = Object.entries(fieldErrors(error.fields)).map(([path, text]) => [
        path.replace(/^fractions\.?/, "") || "train",
        text,
      ]);
      form.setErrors(Object.fromEntries(named));
    },
  });
  const test = 1 - Number(form.values.train) - Number(form.values.val);
  return (
    <Page
      title="Register data set"
      crumbs={[ALL_FEDERATIONS, federationCrumb(federation)]}
      subtitle="The folder stays at the site. Its worker reads it once and says which cases can be used."
    >
      <form onSubmit={form.onSubmit((values) => register.mutate(values))}>
        <Stack maw={720}>
          <Card withBorder>
            <Stack>
              <Select
                label="Site"
                required
                allowDeselect={false}
                data={federation.sites.map((entry) => ({ value: entry.id, label: entry.name }))}
                {...form.getInputProps("site")}
              />
              <TextInput label="Name" required placeholder="Screening 2025" {...form.getInputProps("name")} />
              <TextInput
                label="Folder"
                required
                placeholder="/data/screening-2025"
                description={
                  <>
                    Absolute path on the site's worker. It holds <Code>images/</Code> and <Code>masks/</Code> with equal
                    file names (PNG, JPEG, TIFF or BMP).
                  </>
                }
                {...form.getInputProps("folder")}
              />
            </Stack>
          </Card>
          <Card withBorder>
            <Stack>
              <Text fw={500}>Split</Text>
              <Group grow align="flex-start">
                <NumberInput label="Train share" step={0.05} decimalScale={3} {...form.getInputProps("train")} />
                <NumberInput label="Validation share" step={0.05} decimalScale={3} {...form.getInputProps("val")} />
                <NumberInput label="Seed" allowDecimal={false} {...form.getInputProps("seed")} />
              </Group>
              <Text size="sm" c={test > 0 ? "dimmed" : "red"}>
                {test > 0
                  ? `The rest, ${formatPercent(test)}, is for testing. The same seed always gives the same split.`
                  : "Nothing is left for testing: lower a share."}
              </Text>
            </Stack>
          </Card>
          {register.error && Object.keys(form.errors).length === 0 && (
            <Alert color="red">{register.error.message}</Alert>
          )}
          <Group>
            <Button type="submit" loading={register.isPending} disabled={form.values.site === null}>
              Register and check
            </Button>
          </Group>
        </Stack>
      </form>
    </Page>
  );
}
