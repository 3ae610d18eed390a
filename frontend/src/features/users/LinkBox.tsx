import { Button, Code, CopyButton, Group, Stack, Text } from "@mantine/core";
import { IconCheck, IconCopy } from "@tabler/icons-react";

/** A link that is shown this once. */
export function LinkBox({ path, onClose }: { path: string; onClose: () => void }) {
  const address = `${window.location.origin}${path}`;
  return (
    <Stack>
      <Text size="sm">
        Send this link to that one person. It is shown this once, and works one time, for seven days.
      </Text>
      <Group wrap="nowrap" gap="xs">
        <Code style={{ overflowWrap: "anywhere", flex: 1 }} data-testid="invitation-link">
          {address}
        </Code>
        <CopyButton value={address}>
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
