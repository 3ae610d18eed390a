import { Group, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import type { SiteRecord } from "@/api";
import { Loaded, RowsSkeleton } from "@/components/Feedback";
import { Isolated } from "@/components/Isolated";
import { TextLink } from "@/components/links";
import { useNow } from "@/components/useNow";
import { formatAgo, formatDateTime } from "@/lib/format";
import { siteEventsQuery } from "./queries";

/** The newest first. */
export function SiteActivity({ site }: { site: SiteRecord }) {
  const events = useQuery(siteEventsQuery(site.federation_id, site.slug));
  const now = useNow();
  return (
    <Loaded query={events} skeleton={<RowsSkeleton rows={3} height={20} />}>
      {(rows) => (
        <Stack gap={6}>
          {rows.length === 0 && (
            <Text size="sm" c="dimmed">
              Nothing yet.
            </Text>
          )}
          {[...rows].reverse().map((event) => (
            <Group key={event.id} gap="sm" wrap="nowrap" align="flex-start">
              <Text size="xs" c="dimmed" w={84} style={{ flexShrink: 0 }} title={formatDateTime(event.at)}>
                {formatAgo(event.at, now)}
              </Text>
              <Text size="sm" c={event.level === "error" ? "red" : undefined} style={{ overflowWrap: "anywhere" }}>
                <Isolated>
                  <Isolated>{event.message}</Isolated>
                </Isolated>
              </Text>
            </Group>
          ))}
          <TextLink size="sm" to="/activity" search={{ federation: site.federation_id }}>
            All activity of the federation
          </TextLink>
        </Stack>
      )}
    </Loaded>
  );
}
