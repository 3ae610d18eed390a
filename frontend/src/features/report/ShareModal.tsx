import { Divider, Group, Modal, Select, Stack, Switch, Text, Textarea, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { ApiError, api, type ExperimentRecord, fieldErrors, type ReportRecord, unwrap } from "@/api";
import { Loaded, RowsSkeleton } from "@/components/Feedback";
import { ModalForm } from "@/components/FormModal";
import { notifyDone } from "@/components/notify";
import { reportsQuery } from "./queries";
import { ReportLinks } from "./ReportLinks";

const NEVER = "never";
const EXPIRES = [
  { value: "7", label: "in 7 days" },
  { value: "30", label: "in 30 days" },
  { value: "90", label: "in 90 days" },
  { value: "365", label: "in a year" },
  { value: NEVER, label: "never" },
];

/** Makes reports of an experiment, and keeps their links. */
export function ShareModal(props: { experiment: ExperimentRecord; opened: boolean; onClose: () => void }) {
  const { experiment, opened, onClose } = props;
  return (
    <Modal opened={opened} onClose={onClose} title={`Share ${experiment.name}`} size="xl">
      <Stack gap="lg">
        <Text size="sm" c="dimmed">
          A report is a frozen copy of the results: what happens here later does not change it. Everybody who has its
          link can read it without signing in, and can read nothing else.
        </Text>
        <ReportForm experiment={experiment} />
        <Divider label="Reports of this experiment" labelPosition="left" />
        <Links experimentId={experiment.id} />
      </Stack>
    </Modal>
  );
}

function Links({ experimentId }: { experimentId: string }) {
  const reports = useQuery(reportsQuery(experimentId));
  return (
    <Loaded query={reports} skeleton={<RowsSkeleton rows={2} />}>
      {(rows) => <ReportLinks reports={rows} experimentId={experimentId} />}
    </Loaded>
  );
}

function ReportForm({ experiment }: { experiment: ExperimentRecord }) {
  const client = useQueryClient();
  const form = useForm({
    initialValues: { title: experiment.name, note: "", expires: "90", baseline: null as string | null, pictures: true },
  });
  const labels = [...new Set(experiment.runs.map((run) => run.strategy_label))];
  const make = useMutation({
    mutationFn: () =>
      unwrap<ReportRecord>(
        api.createReport({
          path: { experiment_id: experiment.id },
          body: {
            title: form.values.title,
            note: form.values.note,
            expires_days: form.values.expires === NEVER ? null : Number(form.values.expires),
            baseline: form.values.baseline,
            pictures: form.values.pictures,
          },
        }),
      ),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: reportsQuery(experiment.id).queryKey });
      notifyDone("The report is frozen. Copy its link below.");
    },
    onError: (error) => {
      if (error instanceof ApiError) form.setErrors(fieldErrors(error.fields));
    },
  });
  return (
    <ModalForm
      onSubmit={form.onSubmit(() => make.mutate())}
      action="Freeze and make a link"
      busy={make.isPending}
      error={make.error}
      errorTitle="No report was made"
      fieldErrors={form.errors}
    >
      <TextInput label="Title" data-autofocus maxLength={120} {...form.getInputProps("title")} />
      <Textarea
        label="Note"
        description="What the readers should know; it stands above the results."
        autosize
        minRows={2}
        maxRows={8}
        maxLength={4000}
        {...form.getInputProps("note")}
      />
      <Group align="flex-end" grow>
        <Select
          label="Compare with"
          placeholder="FedAvg, where there is one"
          clearable
          searchable
          data={labels}
          {...form.getInputProps("baseline")}
        />
        <Select label="The link expires" allowDeselect={false} data={EXPIRES} {...form.getInputProps("expires")} />
      </Group>
      <Switch
        label="Show the worst, the median and the best case"
        description="Image, outlines and name of three test cases, of sites whose policy lets images and predictions leave. No other image, mask or name stands in a report."
        {...form.getInputProps("pictures", { type: "checkbox" })}
      />
    </ModalForm>
  );
}
