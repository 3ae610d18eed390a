import { Button, Group, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";

/** Long enough to read what was done, and to think better of it. */
const UNDO_MS = 12_000;

/** For an action that can be taken back at once. */
export function notifyUndo(message: string, undo: () => void): void {
  const id = notifications.show({
    color: "teal",
    autoClose: UNDO_MS,
    message: (
      <Group justify="space-between" wrap="nowrap">
        <Text size="sm">{message}</Text>
        <Button
          size="compact-sm"
          variant="light"
          onClick={() => {
            notifications.hide(id);
            undo();
          }}
        >
          Undo
        </Button>
      </Group>
    ),
  });
}
