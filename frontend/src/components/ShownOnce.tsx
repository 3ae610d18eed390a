import { Button, Code, CopyButton, Group, Stack, Text } from "@mantine/core";
import { IconCheck, IconCopy } from "@tabler/icons-react";

interface Props {
  /** What it is and how to keep it. */
  words: string;
  secret: string;
  testId: string;
  onClose: () => void;
}

/** The inside of a dialog with a token or a link that nobody can look up later. */
export function ShownOnce({ words, secret, testId, onClose }: Props) {
  return (
    <Stack>
      <Text size="sm">{words}</Text>
      <Group wrap="nowrap" gap="xs">
        <Code style={{ overflowWrap: "anywhere", flex: 1 }} data-testid={testId}>
          {secret}
        </Code>
        <CopyButton value={secret}>
          {({ copied, copy }) => (
            <Button
              variant="default"
              onClick={copy}
              leftSection={copied ? <IconCheck size={16} aria-hidden /> : <IconCopy size={16} aria-hidden />}
            >
              {copied ? "Copied" : "Copy"}
            </Button>
          )}
        </CopyButton>
      </Group>
      <Group justify="flex-end">
        <Button onClick={onClose}>Done</Button>
      </Group>
    </Stack>
  );
}
