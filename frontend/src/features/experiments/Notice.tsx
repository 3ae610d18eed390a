import { Alert, Anchor } from "@mantine/core";

export interface NoticeText {
  text: string;
  /** What can be done about what the text says. */
  remedy?: { label: string; act: () => void };
}

/** What happened to the draft as a whole, and the way back. */
export function Notice({ notice, onClose }: { notice: NoticeText; onClose: () => void }) {
  return (
    <Alert color="gray" py="xs" role="status" withCloseButton closeButtonLabel="Close" onClose={onClose}>
      {notice.text}{" "}
      {notice.remedy && (
        <Anchor component="button" type="button" size="sm" onClick={notice.remedy.act}>
          {notice.remedy.label}
        </Anchor>
      )}
    </Alert>
  );
}
