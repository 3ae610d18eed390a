import { Alert, Divider, Stack, Text } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Fragment } from "react";
import type { FederationRecord, RunRecord, TaskFailure } from "@/api";
import { Allowed } from "@/components/Allowed";
import { FailureDetails } from "./FailureDetails";
import { taskQuery } from "./queries";

/** Why a run failed: each site's cause and remedy. A run of an older version may know its sentence alone. */
export function FailurePanel({ run, federation }: { run: RunRecord; federation: FederationRecord }) {
  const several = run.failures.length > 1 ? `: ${run.failures.length} tasks` : "";
  return (
    <Alert color="red" icon={<IconAlertTriangle aria-hidden />} title={`Why it failed${several}`}>
      <Stack gap="md">
        {run.failures.length === 0 && <Text size="sm">{run.failure ?? "The cause was not recorded."}</Text>}
        {run.failures.map((failure, index) => (
          <Fragment key={failure.task_id}>
            {index > 0 && <Divider />}
            <OneFailure run={run} failure={failure} federation={federation} />
          </Fragment>
        ))}
        <Allowed permission="run_experiments" federationId={federation.id} who="Runs are resumed by">
          <Text size="xs" c="dimmed">
            Rerun sends one site's task again and keeps what the other sites did in this round. Resume sends every task
            of this round again that has not finished.
          </Text>
        </Allowed>
      </Stack>
    </Alert>
  );
}

function OneFailure(props: { run: RunRecord; failure: TaskFailure; federation: FederationRecord }) {
  const task = useQuery(taskQuery(props.run.id, props.failure.task_id));
  return <FailureDetails {...props} task={task.data} />;
}
