import { Alert } from "@mantine/core";
import { IconPlugConnectedX } from "@tabler/icons-react";
import type { Connection } from "@/api";

const WORDS: Partial<Record<Connection, string>> = {
  offline:
    "No connection. What you see may be out of date, and nothing is sent. It goes on by itself when the network is back.",
  lost: "Connection to the backend lost, reconnecting. What you see may be out of date.",
};

/** Above every page while nothing comes from the backend. */
export function ConnectionLine({ connection }: { connection: Connection }) {
  const words = WORDS[connection];
  if (words === undefined) return null;
  return (
    <Alert color="yellow" icon={<IconPlugConnectedX aria-hidden />} mb="md" role="status" py="xs">
      {words}
    </Alert>
  );
}
