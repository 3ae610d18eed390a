import {
  Alert,
  Autocomplete,
  Button,
  Card,
  Code,
  Group,
  NumberInput,
  Select,
  Stack,
  Switch,
  Text,
  TextInput,
} from "@mantine/core";
import { type UseFormReturnType, useForm } from "@mantine/form";
import { IconPlugConnectedX } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, useNavigate } from "@tanstack/react-router";
import {
  ApiError,
  api,
  type DatasetCreate,
  datasetsQuery,
  type FederationRecord,
  federationQuery,
  fieldErrors,
  unwrap,
} from "@/api";
import { ALL_FEDERATIONS, federationCrumb } from "@/components/crumbs";
import { Loaded } from "@/components/Feedback";
import { Page } from "@/components/Page";
import { formatPercent } from "@/lib/format";
import { isActive } from "@/lib/sites";
import { formatsInWords } from "@/lib/words";
import { recentFolders } from "./datasetCases";
import { labelMap } from "./labels";
import { RepairChoices } from "./RepairChoices";
import type { Repair } from "./repairs";

const route = getRouteApi("/federations/$federationId/datasets/new");

type Layout = NonNullable<DatasetCreate["layout"]>;
const LAYOUTS: { value: Layout; label: string }[] = [
  { value: "auto", label: "Find out" },
  { value: "folders", label: "images/ and masks/ with files of equal names" },
  { value: "per_structure", label: "One mask file for each structure, in a folder for each case" },
  { value: "datalist", label: "Datalist JSON (MONAI, Decathlon)" },
  { value: "nnunet", label: "nnU-Net: imagesTr/, labelsTr/, dataset.json" },
  { value: "bids", label: "BIDS: sub-*/, masks below derivatives/" },
];

export function NewDatasetPage() {
  const { federationId } = route.useParams();
  const federation = useQuery(federationQuery(federationId));
  return <Loaded query={federation}>{(loaded) => <RegisterForm federation={loaded} />}</Loaded>;
}

interface Values {
  site: string | null;
  name: string;
  folder: string;
  layout: Layout;
  labels: Record<string, string>;
  ignored: string;
  empty: boolean;
  repairs: Repair[];
  channel: number | string;
  patients: string;
  train: number | string;
  val: number | string;
  seed: number | string;
}

function RegisterForm({ federation }: { federation: FederationRecord }) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const registered = useQuery(datasetsQuery(federation.id));
  const { site } = route.useSearch();
  const form = useForm<Values>({
    initialValues: {
      site: site ?? federation.sites.find(isActive)?.id ?? null,
      name: "",
      folder: "",
      layout: "auto",
      labels: Object.fromEntries(federation.task.structures.map((structure) => [structure.name, ""])),
      ignored: "",
      empty: false,
      repairs: [],
      channel: "",
      patients: "",
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
            layout: values.layout,
            label_map: labelMap(values.labels, values.ignored),
            channel: values.channel === "" ? null : Number(values.channel),
            empty_means_nothing_there: values.empty,
            repairs: values.repairs,
            patient_pattern: values.patients.trim() || null,
          },
        }),
      ),
    onSuccess: async (dataset) => {
      await client.invalidateQueries({ queryKey: datasetsQuery(federation.id).queryKey });
      await navigate({ to: "/datasets/$datasetId", params: { datasetId: dataset.id }, search: {} });
    },
    onError: (error) => {
      if (!(error instanceof ApiError)) return;
      if (error.code === "name_taken") return form.setFieldError("name", sentence(error.message));
      const named = Object.entries(fieldErrors(error.fields)).flatMap(([path, text]) =>
        fieldsOf(path, error.fields.find((problem) => problem.field === path)?.value, federation).map((field) => [
          field,
          text,
        ]),
      );
      form.setErrors(Object.fromEntries(named));
    },
  });
  const unserved = federation.sites.find(({ id }) => id === form.values.site)?.unserved;
  const test = 1 - Number(form.values.train) - Number(form.values.val);
  return (
    <Page
      help="data"
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
                data={federation.sites.filter(isActive).map((entry) => ({ value: entry.id, label: entry.name }))}
                {...form.getInputProps("site")}
              />
              {unserved && (
                <Alert color="yellow" icon={<IconPlugConnectedX aria-hidden />} py="xs" data-testid="unserved">
                  {unserved}
                </Alert>
              )}
              <TextInput label="Name" required placeholder="Screening 2025" {...form.getInputProps("name")} />
              <Autocomplete
                label="Folder"
                required
                data={recentFolders(registered.data ?? [])}
                placeholder="/data/screening-2025"
                description={
                  <>
                    Absolute path on the site's worker, or of a datalist's JSON file. {formatsInWords("and")} are read.
                    To look before registering, run <Code>fedsm dataset check</Code> on the folder there: nothing leaves
                    the machine.
                  </>
                }
                {...form.getInputProps("folder")}
              />
            </Stack>
          </Card>
          <HowItIsRead form={form} federation={federation} />
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

/** Layout, labels, channel and patients: what most folders need nothing of. */
function HowItIsRead({ form, federation }: { form: UseFormReturnType<Values>; federation: FederationRecord }) {
  return (
    <Card withBorder>
      <Stack>
        <Text fw={500}>How it is read</Text>
        <Select label="Layout" allowDeselect={false} data={LAYOUTS} {...form.getInputProps("layout")} />
        <TextInput
          label="Patients"
          placeholder="^(P[0-9]+)_"
          description="Regular expression (as RE2 knows them) with one group: the patient's part of a case's name. Cases of one patient share a split. Left empty: what cases.csv, the BIDS tree or the DICOM headers say."
          {...form.getInputProps("patients")}
        />
        {federation.task.num_channels === 1 && (
          <NumberInput
            label="Channel"
            description="Of images with several, such as two MR sequences in one file: which one, from 0."
            allowDecimal={false}
            min={0}
            {...form.getInputProps("channel")}
          />
        )}
        <Stack gap="xs">
          <div>
            <Text size="sm" fw={500}>
              Labels
            </Text>
            <Text size="xs" c="dimmed">
              Where this data set's masks use other labels than the federation: integers, or names of DICOM segments and
              ROIs, with commas between them. Left empty, the federation's hold.
            </Text>
          </div>
          {federation.task.structures.map((structure) => (
            <TextInput
              key={structure.name}
              label={structure.name}
              placeholder={structure.label_values.join(", ")}
              {...form.getInputProps(`labels.${structure.name}`)}
            />
          ))}
          <TextInput
            label="Ignored labels"
            placeholder="64, Couch"
            description="In the masks, but no structure of this federation. Any other label is refused."
            {...form.getInputProps("ignored")}
          />
          <Switch
            mt="xs"
            label="An empty mask means that nothing is there"
            description="As in healthy people: such a case is used, and tested by what a model invents. Otherwise it is skipped, because its mask may not have been drawn yet."
            {...form.getInputProps("empty", { type: "checkbox" })}
          />
        </Stack>
        <RepairChoices
          value={form.values.repairs}
          onChange={(repairs) => form.setFieldValue("repairs", repairs)}
          numStructures={federation.task.structures.length}
          error={form.errors.repairs}
        />
      </Stack>
    </Card>
  );
}

/** The form's fields for a field of the request; a problem of the whole map names its structures in the value. */
function fieldsOf(path: string, value: string | undefined, federation: FederationRecord): string[] {
  if (path.startsWith("label_map")) {
    const [, structure] = path.match(/^label_map\.structures\.([^.]+)/) ?? [];
    const wanted = structure ?? value ?? "";
    const named = federation.task.structures.filter(({ name }) => wanted.split(", ").includes(name));
    return named.length > 0 ? named.map(({ name }) => `labels.${name}`) : ["ignored"];
  }
  if (path === "patient_pattern") return ["patients"];
  return [path.replace(/^fractions\.?/, "") || "train"];
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
