import { Alert, Button, Group, Stack, Switch, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconCheck, IconRefresh, IconTool } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { ApiError, api, type DatasetRecord, datasetQuery, unwrap } from "@/api";
import { FormModal } from "@/components/FormModal";
import { notifyDone, notifyError } from "@/components/notify";
import { plural } from "@/lib/format";
import { RepairChoices } from "./RepairChoices";
import { countsText, type Repair, remedySentence, withRemedies } from "./repairs";

interface Props {
  dataset: DatasetRecord;
  /** Structures of the federation's task. */
  numStructures: number;
}

interface Choice {
  repairs: Repair[];
  empty_means_nothing_there: boolean;
}

/** What was repaired and waits for a look, and what would make skipped cases usable. */
export function Review({ dataset, numStructures }: Props) {
  const [asked, setAsked] = useState<Choice | null>(null);
  const client = useQueryClient();
  const confirm = useMutation({
    mutationFn: () =>
      unwrap<DatasetRecord>(
        api.confirmDataset({
          path: { dataset_id: dataset.id },
          body: { fingerprint: dataset.fingerprint ?? "" },
        }),
      ),
    onSuccess: (fresh) => {
      client.setQueryData(datasetQuery(dataset.id).queryKey, fresh);
      notifyDone(`${dataset.name} may be used now.`);
    },
    onError: (error) => notifyError("Not taken into use", error),
  });
  const current = {
    repairs: [...(dataset.reading.repairs ?? [])],
    empty_means_nothing_there: dataset.reading.empty_means_nothing_there === true,
  };
  const remedy = dataset.status === "checking" ? "" : remedySentence(dataset);
  return (
    <>
      {dataset.status === "review" && (
        <Alert
          color="yellow"
          icon={<IconTool aria-hidden />}
          title={`${plural(dataset.num_repaired_cases, "repaired case")} to look at`}
          data-testid="review"
        >
          <Stack gap="sm" align="flex-start">
            <Text size="sm">
              What was repaired: {countsText(dataset.num_repaired)}. No run uses the data set before somebody has looked
              at these cases, which are marked in the gallery, and takes it into use.
            </Text>
            <Group gap="sm">
              <Button
                size="xs"
                leftSection={<IconCheck size={16} aria-hidden />}
                loading={confirm.isPending}
                onClick={() => confirm.mutate()}
              >
                Use the data set
              </Button>
              <Button size="xs" variant="default" onClick={() => setAsked(current)}>
                Check again with other repairs…
              </Button>
            </Group>
          </Stack>
        </Alert>
      )}
      {remedy && (
        <Alert color="blue" icon={<IconTool aria-hidden />} title={remedy} data-testid="remedies">
          <Button
            size="xs"
            variant="default"
            leftSection={<IconRefresh size={16} aria-hidden />}
            onClick={() => setAsked(withRemedies(dataset))}
          >
            Check again with these…
          </Button>
        </Alert>
      )}
      {asked && (
        <CheckAgain dataset={dataset} numStructures={numStructures} first={asked} onClose={() => setAsked(null)} />
      )}
    </>
  );
}

/** Another choice of repairs: what was found before holds until the new check ends. */
export function CheckAgain({ dataset, numStructures, first, onClose }: Props & { first: Choice; onClose: () => void }) {
  const client = useQueryClient();
  const [choice, setChoice] = useState(first);
  const [opened, { close }] = useDisclosure(true, { onClose });
  const check = useMutation({
    mutationFn: () => unwrap<DatasetRecord>(api.checkDataset({ path: { dataset_id: dataset.id }, body: choice })),
    onSuccess: (fresh) => {
      client.setQueryData(datasetQuery(dataset.id).queryKey, fresh);
      close();
    },
  });
  const problem = check.error instanceof ApiError ? (check.error.fields[0]?.message ?? check.error.message) : undefined;
  return (
    <FormModal
      opened={opened}
      onClose={close}
      title={`Check ${dataset.name} again`}
      action="Check again"
      onSubmit={() => check.mutate()}
      busy={check.isPending}
    >
      <RepairChoices
        value={choice.repairs}
        numStructures={numStructures}
        onChange={(repairs) => setChoice({ ...choice, repairs })}
        error={problem}
      />
      <Switch
        label="An empty mask means that nothing is there"
        checked={choice.empty_means_nothing_there}
        onChange={(event) => setChoice({ ...choice, empty_means_nothing_there: event.currentTarget.checked })}
      />
    </FormModal>
  );
}
