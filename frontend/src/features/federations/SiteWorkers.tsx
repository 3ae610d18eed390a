import { Group, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { type SiteRecord, systemQuery } from "@/api";
import { Loaded, RowsSkeleton } from "@/components/Feedback";
import { Isolated } from "@/components/Isolated";
import { StateBadge } from "@/components/StateBadge";
import { useNow } from "@/components/useNow";
import { formatAgo, plural } from "@/lib/format";

/** The workers that serve the site's queue. */
export function SiteWorkers({ site }: { site: SiteRecord }) {
  const system = useQuery(systemQuery);
  const now = useNow();
  return (
    <Loaded query={system} skeleton={<RowsSkeleton rows={1} />}>
      {({ workers }) => {
        const serving = workers.filter((worker) => worker.queues.includes(site.queue));
        if (serving.length === 0) {
          return (
            <Text size="sm" c="dimmed" style={{ overflowWrap: "anywhere" }}>
              {site.unserved}
            </Text>
          );
        }
        return (
          <Stack gap="sm">
            {serving.map((worker) => (
              <div key={worker.name}>
                <Group gap="xs">
                  <Text size="sm" fw={500} style={{ overflowWrap: "anywhere" }}>
                    <Isolated>
                      <Isolated>{worker.name}</Isolated>
                    </Isolated>
                  </Text>
                  <StateBadge state={worker.online ? "online" : "offline"} size="sm" />
                </Group>
                <Text size="sm" c="dimmed">
                  {worker.hardware} · {plural(worker.num_processes, "process", "processes")} · last heartbeat{" "}
                  {formatAgo(worker.last_seen_at, now)}
                </Text>
                <Text size="sm" c="dimmed">
                  Queues: {worker.queues.join(", ")}
                </Text>
              </div>
            ))}
          </Stack>
        );
      }}
    </Loaded>
  );
}
