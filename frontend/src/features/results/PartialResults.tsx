import { Alert, List, Text } from "@mantine/core";
import { IconAlertTriangle, IconInfoCircle } from "@tabler/icons-react";
import type { ExperimentRecord } from "@/api";
import { TextLink } from "@/components/links";
import { plural } from "@/lib/format";
import { missingRuns } from "./runChoice";

/** Maximum number of runs that are listed; the others are counted. */
const MAX_LISTED = 6;

/** Which runs are not in the table, and why; nothing where all are. */
export function PartialResults({ experiment }: { experiment: ExperimentRecord }) {
  const missing = missingRuns(experiment.runs);
  if (missing.length === 0) return null;
  const anyFailed = missing.some(({ failed }) => failed);
  const numDone = experiment.runs.length - missing.length;
  return (
    <Alert
      color={anyFailed ? "yellow" : "blue"}
      icon={anyFailed ? <IconAlertTriangle aria-hidden /> : <IconInfoCircle aria-hidden />}
      py="xs"
      title={`${numDone} of ${plural(experiment.runs.length, "run")} ${numDone === 1 ? "is" : "are"} in these numbers`}
      data-testid="partial-results"
    >
      <List size="sm" spacing={2}>
        {missing.slice(0, MAX_LISTED).map(({ run, words }) => (
          <List.Item key={run.id}>
            <TextLink
              size="sm"
              to="/experiments/$experimentId"
              params={{ experimentId: experiment.id }}
              search={{ run: run.id }}
            >
              {words}
            </TextLink>
            {run.failure && (
              <Text size="xs" c="dimmed" lineClamp={2}>
                {run.failure}
              </Text>
            )}
          </List.Item>
        ))}
      </List>
      {missing.length > MAX_LISTED && <Text size="sm">and {missing.length - MAX_LISTED} more</Text>}
    </Alert>
  );
}
