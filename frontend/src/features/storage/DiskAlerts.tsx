import { Alert } from "@mantine/core";
import { IconDatabaseExclamation } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { systemQuery } from "@/api";
import { formatBytes } from "@/lib/format";

/** Says on every screen when a disk is nearly full, and why runs wait when one is. */
export function DiskAlerts() {
  const { data } = useQuery(systemQuery);
  if (!data) return null;
  const backend = data.disks.flatMap(({ warning, is_full }) => (warning ? [{ text: warning, grave: is_full }] : []));
  const workers = data.workers
    .filter((worker) => worker.online && worker.disk_is_low)
    .map((worker) => ({
      text: `The disk of the worker ${worker.name} is nearly full: ${formatBytes(worker.disk_free)} are free. Make room there; a site whose work cannot be kept waits until there is some.`,
      grave: false,
    }));
  return [...backend, ...workers].map(({ text, grave }) => (
    <Alert
      key={text}
      color={grave ? "red" : "yellow"}
      icon={<IconDatabaseExclamation aria-hidden />}
      mb="md"
      py="xs"
      role={grave ? "alert" : "status"}
      data-testid="disk"
    >
      {text}
    </Alert>
  ));
}
