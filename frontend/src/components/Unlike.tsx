import { Alert } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";

/** Above the mask of an image that is unlike every site's, in the backend's words; nothing for any other image. */
export function Unlike({ words }: { words: string | null }) {
  if (words === null) return null;
  return (
    <Alert color="yellow" icon={<IconAlertTriangle aria-hidden />} py="xs" role="status" data-testid="unlike">
      {words}
    </Alert>
  );
}
