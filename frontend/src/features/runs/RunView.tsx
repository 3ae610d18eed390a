import { Stack } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import type { FederationRecord, RunRecord } from "@/api";
import { Allowed } from "@/components/Allowed";
import { Loaded, RowsSkeleton } from "@/components/Feedback";
import { useMay } from "@/components/useMay";
import { Costs } from "./Costs";
import { Curves } from "./Curves";
import { Effort } from "./Effort";
import { LogPanel } from "./LogPanel";
import { liveRunQuery, runCurvesQuery, runTasksQuery } from "./queries";
import { RunHeader } from "./RunHeader";
import { RunStorageCard } from "./RunStorageCard";
import { SwimLane } from "./SwimLane";
import { TaskDrawer } from "./TaskDrawer";
import { useRunSearch } from "./useRunSearch";

interface Props {
  runId: string;
  federation: FederationRecord;
}

/** One run, live. */
export function RunView({ runId, federation }: Props) {
  const run = useQuery(liveRunQuery(runId));
  return <Loaded query={run}>{(loaded) => <LoadedRun run={loaded} federation={federation} />}</Loaded>;
}

/** Who may not follow the work sees the curves alone. */
function LoadedRun(props: { run: RunRecord; federation: FederationRecord }) {
  return useMay("follow", props.federation.id) ? <FollowedRun {...props} /> : <QuietRun {...props} />;
}

function QuietRun({ run, federation }: { run: RunRecord; federation: FederationRecord }) {
  const client = useQueryClient();
  const curves = useQuery(runCurvesQuery(run.id, client));
  return (
    <Stack>
      <Allowed permission="follow" federationId={federation.id} who="Rounds, tasks and logs are seen by">
        {null}
      </Allowed>
      <Loaded query={curves} skeleton={<RowsSkeleton height={200} rows={1} />}>
        {(data) => <Curves data={data} federation={federation} run={run} />}
      </Loaded>
    </Stack>
  );
}

function FollowedRun({ run, federation }: { run: RunRecord; federation: FederationRecord }) {
  const client = useQueryClient();
  const tasks = useQuery(runTasksQuery(run.id, client));
  const curves = useQuery(runCurvesQuery(run.id, client));
  const [search, change] = useRunSearch();
  const openTask = (task: string) => change({ task });
  return (
    <Stack>
      <RunHeader run={run} tasks={tasks.data ?? []} federation={federation} onOpenTask={openTask} />
      <Loaded query={tasks} skeleton={<RowsSkeleton />}>
        {(all) => <SwimLane run={run} tasks={all} federation={federation} opened={search.task} onOpenTask={openTask} />}
      </Loaded>
      <Loaded query={curves} skeleton={<RowsSkeleton height={200} rows={1} />}>
        {(data) => <Curves data={data} federation={federation} run={run} />}
      </Loaded>
      <Effort run={run} />
      {tasks.data && <Costs tasks={tasks.data} federation={federation} />}
      <RunStorageCard run={run} />
      <LogPanel run={run} federation={federation} />
      <TaskDrawer
        run={run}
        taskId={search.task}
        tasks={tasks.data ?? []}
        federation={federation}
        onClose={() => change({ task: undefined })}
      />
    </Stack>
  );
}
