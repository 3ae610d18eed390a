import { Alert, Badge, Button, Group, Progress, Stack, Text } from "@mantine/core";
import { IconSearch } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { api, type DatasetRecord, datasetQuery, unwrap } from "@/api";
import { notifyError } from "@/components/notify";
import { checkSentence, reasonText } from "@/lib/checks";
import { asSentence, formatPercent } from "@/lib/format";
import { reasonCounts } from "./datasetCases";

interface Props {
  dataset: DatasetRecord;
  /** Left out where the reasons can be chosen elsewhere on the page. */
  onReason?: (reason: string) => void;
}

/** How many cases are used and why the others are not; or how far the check is. */
export function CheckResult({ dataset, onReason }: Props) {
  if (dataset.status === "checking") return <Checking dataset={dataset} />;
  if (dataset.status === "failed") {
    return (
      <Alert color="red" title="The check failed">
        {asSentence(dataset.error ?? "")} Mend it at the site, then check again.
      </Alert>
    );
  }
  return (
    <Stack gap="xs">
      <Text size="lg" fw={500} data-testid="check-sentence">
        {checkSentence(dataset)}
      </Text>
      {onReason && dataset.num_skipped > 0 && (
        <Group gap="xs" role="group" aria-label="Skipped cases by reason">
          {reasonCounts(dataset).map(([reason, count]) => (
            <Badge
              key={reason}
              component="button"
              type="button"
              color="gray"
              size="lg"
              style={{ cursor: "pointer" }}
              onClick={() => onReason(reason)}
              rightSection={<b>{count}</b>}
            >
              {reasonText(reason)}
            </Badge>
          ))}
        </Group>
      )}
    </Stack>
  );
}

function Checking({ dataset }: { dataset: DatasetRecord }) {
  const client = useQueryClient();
  const fraction = dataset.check_fraction ?? 0;
  const cancel = useMutation({
    mutationFn: () => unwrap<DatasetRecord>(api.cancelCheck({ path: { dataset_id: dataset.id } })),
    onSuccess: (fresh) => client.setQueryData(datasetQuery(dataset.id).queryKey, fresh),
    onError: (error) => notifyError("Not cancelled", error),
  });
  return (
    <Alert
      color={dataset.waits_for ? "yellow" : "blue"}
      icon={<IconSearch aria-hidden />}
      title={dataset.waits_for ? "Waiting for a worker" : `Checking, ${formatPercent(fraction)} of the cases read`}
    >
      <Stack gap="sm" align="flex-start">
        {!dataset.waits_for && (
          <Progress value={100 * fraction} w="100%" aria-label="Share of the cases that were read" />
        )}
        <Text size="sm">{checkSentence(dataset)}</Text>
        <Button size="xs" variant="default" loading={cancel.isPending} onClick={() => cancel.mutate()}>
          Cancel the check
        </Button>
      </Stack>
    </Alert>
  );
}
