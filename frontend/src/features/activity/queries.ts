import { infiniteQueryOptions } from "@tanstack/react-query";
import { api, unwrap } from "@/api";
import type { ActivityFilters } from "./search";

/** Events in a page of the activity list. */
const ACTIVITY_PAGE = 100;

/** The newest page first; each page is in order of time. */
export const activityQuery = (filters: ActivityFilters) =>
  infiniteQueryOptions({
    queryKey: ["activity", filters],
    queryFn: ({ pageParam }) =>
      unwrap(api.listEvents({ query: { ...filters, before: pageParam ?? undefined, limit: ACTIVITY_PAGE } })),
    initialPageParam: null as number | null,
    getNextPageParam: (page) => (page.length < ACTIVITY_PAGE ? null : (page[0]?.id ?? null)),
  });
