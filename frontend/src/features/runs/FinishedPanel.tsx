import { Alert, Group, Stack, Text } from "@mantine/core";
import { IconBox, IconCircleCheck, IconSlideshow, IconTable } from "@tabler/icons-react";
import { useEffect, useRef } from "react";
import type { RunRecord } from "@/api";
import { LinkButton } from "@/components/links";
import { formatDice, formatSeconds } from "@/lib/format";
import { ExtendRun } from "./ExtendRun";
import { elapsedSeconds } from "./waiting";

/** Younger than this, the end is news. */
const JUST_NOW_MS = 60_000;

/** Says in place that the run is done, and leads on. */
export function FinishedPanel({ run, now }: { run: RunRecord; now: number }) {
  const openedAt = useRef(Date.now());
  const panel = useRef<HTMLDivElement>(null);
  const endedAt = run.finished_at ? Date.parse(run.finished_at) : 0;
  const watched = endedAt > openedAt.current - JUST_NOW_MS;
  useEffect(() => {
    if (watched) panel.current?.scrollIntoView({ block: "nearest" });
  }, [watched]);
  const seconds = elapsedSeconds(run, now);
  const isTest = run.num_rounds === 0;
  return (
    <Alert
      ref={panel}
      color="teal"
      role="status"
      icon={<IconCircleCheck aria-hidden />}
      title={watched ? "This run has just finished" : "This run is finished"}
    >
      <Stack gap="sm">
        <Text size="sm">
          {isTest ? "Nothing was trained; tested" : `${run.num_rounds} rounds`} in {formatSeconds(seconds)}.
          {!isTest && run.best_round !== null && ` The best is round ${run.best_round}`}
          {run.best_dice !== null && `, with a validation Dice of ${formatDice(run.best_dice)}`}
          {!isTest && run.best_round !== null && "; its models are tested on the sites' test cases."}
        </Text>
        <Group gap="xs">
          <LinkButton
            size="xs"
            to="/experiments/$experimentId"
            params={{ experimentId: run.experiment_id }}
            search={{ run: "results" }}
            leftSection={<IconTable size={16} aria-hidden />}
          >
            See the results
          </LinkButton>
          <LinkButton
            size="xs"
            to="/runs/$runId/cases"
            params={{ runId: run.id }}
            search={{}}
            variant="default"
            leftSection={<IconSlideshow size={16} aria-hidden />}
          >
            Look at the cases
          </LinkButton>
          {!isTest && (
            <LinkButton
              size="xs"
              to="/runs/$runId/model"
              params={{ runId: run.id }}
              search={{}}
              variant="default"
              leftSection={<IconBox size={16} aria-hidden />}
            >
              Open the model
            </LinkButton>
          )}
          {!isTest && <ExtendRun run={run} />}
        </Group>
      </Stack>
    </Alert>
  );
}
