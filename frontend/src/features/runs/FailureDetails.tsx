import { Button, Code, Collapse, CopyButton, Group, Stack, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconCheck, IconChevronDown, IconChevronRight, IconCopy, IconLifebuoy } from "@tabler/icons-react";
import type { FederationRecord, RunRecord, TaskDetail, TaskFailure } from "@/api";
import { formatDateTime } from "@/lib/format";
import { failureTitle, shortId, supportText } from "./failures";
import { participantName } from "./participants";
import { RerunButton } from "./RerunButton";

interface Props {
  run: RunRecord;
  failure: TaskFailure;
  federation: FederationRecord;
  /** Undefined while it loads. */
  task: TaskDetail | undefined;
}

/** One failed task: what happened, what to do, and what support needs. */
export function FailureDetails({ run, failure, federation, task }: Props) {
  const name = participantName(failure.participant, federation);
  const text = supportText(failure, task?.detail ?? null, run, window.location.href);
  return (
    <Stack gap={6} data-testid="failure">
      <Text fw={600} size="sm">
        {failureTitle(failure, name)}
      </Text>
      <Text size="sm" style={{ overflowWrap: "anywhere" }}>
        {failure.cause}
      </Text>
      <Text size="sm">
        <Text span fw={600}>
          What to do:{" "}
        </Text>
        {failure.remedy}
      </Text>
      <Text size="xs" c="dimmed">
        {[
          `Attempt ${failure.attempt}`,
          ...(failure.worker ? [`worker ${failure.worker}`] : []),
          ...(failure.at ? [formatDateTime(failure.at)] : []),
        ].join(" · ")}
        {" · "}
        <span title={`Correlation id ${failure.task_id}, also in the worker's log`}>
          correlation id {shortId(failure.task_id)}
        </span>
      </Text>
      <Group gap="xs">
        {task && <RerunButton run={run} task={task} name={name} />}
        <CopyButton value={text} timeout={3000}>
          {({ copied, copy }) => (
            <Button
              size="xs"
              variant="default"
              onClick={copy}
              disabled={!task}
              leftSection={copied ? <IconCheck size={14} aria-hidden /> : <IconLifebuoy size={14} aria-hidden />}
            >
              {copied ? "Copied" : "Copy for support"}
            </Button>
          )}
        </CopyButton>
      </Group>
      {task?.detail && <TechnicalDetail detail={task.detail} />}
    </Stack>
  );
}

function TechnicalDetail({ detail }: { detail: string }) {
  const [opened, fold] = useDisclosure(false);
  const Icon = opened ? IconChevronDown : IconChevronRight;
  return (
    <div>
      <Button
        size="compact-xs"
        variant="subtle"
        color="gray"
        aria-expanded={opened}
        onClick={fold.toggle}
        leftSection={<Icon size={14} aria-hidden />}
      >
        Technical detail
      </Button>
      <Collapse expanded={opened}>
        <Stack gap={4} mt={4}>
          <Code block mah={260} style={{ overflow: "auto" }} tabIndex={0}>
            {detail}
          </Code>
          <CopyButton value={detail}>
            {({ copied, copy }) => (
              <Button
                size="compact-xs"
                variant="default"
                w="fit-content"
                onClick={copy}
                leftSection={copied ? <IconCheck size={14} aria-hidden /> : <IconCopy size={14} aria-hidden />}
              >
                {copied ? "Copied" : "Copy the detail"}
              </Button>
            )}
          </CopyButton>
        </Stack>
      </Collapse>
    </div>
  );
}
