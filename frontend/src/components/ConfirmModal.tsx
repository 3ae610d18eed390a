import { Button, Group, Modal, Stack, Text } from "@mantine/core";
import type { ReactNode } from "react";

interface Props {
  opened: boolean;
  onClose: () => void;
  title: string;
  /** What happens, and what is lost. */
  children: ReactNode;
  /** The button's words, a verb. */
  action: string;
  onConfirm: () => void;
  /** The other button's words. */
  keep?: string;
  busy?: boolean;
  /** Nothing is lost for good. */
  harmless?: boolean;
}

/** Asks before something is taken away. */
export function ConfirmModal(props: Props) {
  const { opened, onClose, title, children, action, onConfirm, keep = "Cancel", busy, harmless } = props;
  return (
    <Modal opened={opened} onClose={onClose} title={title}>
      <Stack>
        <Text size="sm" component="div">
          {children}
        </Text>
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose} data-autofocus>
            {keep}
          </Button>
          <Button color={harmless ? undefined : "red"} loading={busy} onClick={onConfirm}>
            {action}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
