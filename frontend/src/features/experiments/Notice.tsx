import { Alert, Anchor } from "@mantine/core";

export interface NoticeText {
  text: string;
  /** Takes back what the text says. */
  undo?: () => void;
}

/** What happened to the draft as a whole, and the way back. */
export function Notice({ notice, onClose }: { notice: NoticeText; onClose: () => void }) {
  return (
    <Alert color="gray" py="xs" role="status" withCloseButton closeButtonLabel="Close" onClose={onClose}>
      {notice.text}{" "}
      {notice.undo && (
        <Anchor component="button" type="button" size="sm" onClick={notice.undo}>
          Undo
        </Anchor>
      )}
    </Alert>
  );
}
