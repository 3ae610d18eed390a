import { Button, Card, Center, Stack } from "@mantine/core";
import { IconDownload, IconHistory } from "@tabler/icons-react";
import { useInfiniteQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { federationsQuery } from "@/api";
import { EmptyState, Loaded, RowsSkeleton } from "@/components/Feedback";
import { Page } from "@/components/Page";
import { EventRows } from "./EventRows";
import { Filters } from "./Filters";
import { activityQuery } from "./queries";
import { activityCsvUrl, activityFilters } from "./search";

const route = getRouteApi("/activity");

/** Who did what, and when: everything that the platform recorded, newest first. */
export function ActivityPage() {
  const search = route.useSearch();
  const filters = activityFilters(search);
  const events = useInfiniteQuery(activityQuery(filters));
  const filtered = Object.values(search).some((value) => value !== undefined);
  return (
    <Page
      help="users"
      title="Activity"
      crumbs={[{ label: "Federations", link: { to: "/" } }]}
      subtitle="Who did what, and when. Nothing here is changed; what is older than the operator keeps it is removed."
      actions={
        <Button
          component="a"
          href={activityCsvUrl(filters)}
          variant="default"
          leftSection={<IconDownload size={16} aria-hidden />}
        >
          Download CSV
        </Button>
      }
    >
      <Filters search={search} federationsQuery={federationsQuery} />
      <Loaded query={events} skeleton={<RowsSkeleton rows={8} height={28} />}>
        {(data) => {
          const rows = data.pages.flatMap((page) => [...page].reverse());
          if (rows.length === 0) {
            return (
              <EmptyState
                icon={IconHistory}
                title={filtered ? "Nothing fits these filters" : "Nothing has happened yet"}
              >
                {filtered ? "Take a filter away, or choose a longer time." : "Create a federation to begin."}
              </EmptyState>
            );
          }
          return (
            <Stack>
              <Card withBorder padding={0}>
                <EventRows events={rows} />
              </Card>
              {events.hasNextPage && (
                <Center>
                  <Button
                    variant="default"
                    loading={events.isFetchingNextPage}
                    onClick={() => void events.fetchNextPage()}
                  >
                    Show earlier
                  </Button>
                </Center>
              )}
            </Stack>
          );
        }}
      </Loaded>
    </Page>
  );
}
