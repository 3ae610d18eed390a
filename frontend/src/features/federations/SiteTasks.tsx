import { Progress, Stack, Text } from "@mantine/core";
import type { SiteRecord, SiteTask } from "@/api";
import { TextLink } from "@/components/links";
import { taskSentence } from "@/lib/sites";

/** What is under way, with the page that shows it. */
export function SiteTasks({ site }: { site: SiteRecord }) {
  if (site.tasks.length === 0) return null;
  return (
    <Stack gap="xs" aria-label="Under way">
      {site.tasks.map((task, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the list says what a site does, and has no ids
        <Stack key={index} gap={4}>
          <Text size="sm">
            {taskSentence(task)} <Where task={task} />
          </Text>
          <Progress value={100 * task.fraction} size="sm" aria-label={taskSentence(task)} />
        </Stack>
      ))}
    </Stack>
  );
}

function Where({ task }: { task: SiteTask }) {
  if (task.experiment_id) {
    return (
      <TextLink
        size="sm"
        to="/experiments/$experimentId"
        params={{ experimentId: task.experiment_id }}
        search={{ run: task.run_id ?? undefined }}
      >
        Run
      </TextLink>
    );
  }
  if (task.dataset_id) {
    return (
      <TextLink size="sm" to="/datasets/$datasetId" params={{ datasetId: task.dataset_id }} search={{}}>
        Data set
      </TextLink>
    );
  }
  return null;
}
