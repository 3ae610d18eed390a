import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { api, unwrap } from "@/api";

/** Data sets, runs and reports in a page of what left a site. */
const DEPARTURES_PAGE = 50;

/** What came out last, of all federations; null while no run is completed. */
export const latestResultQuery = queryOptions({
  queryKey: ["latest-result"],
  queryFn: () => unwrap(api.getLatestResult()),
});

/** What left a site before its policy forbade it. */
export const sentQuery = (siteId: string) =>
  queryOptions({
    queryKey: ["site", siteId, "sent"],
    queryFn: () => unwrap(api.getSent({ path: { site_id: siteId } })),
  });

/** What runs under way ask of hospitals, undecided or refused. */
export const openApprovalsQuery = (federationId: string) =>
  queryOptions({
    queryKey: ["federation", federationId, "approvals"],
    queryFn: () => unwrap(api.listOpenApprovals({ path: { federation_id: federationId } })),
    refetchInterval: 15_000,
  });

/** What left a site, when and to whom, page by page: the latest first. */
export const departuresQuery = (siteId: string) =>
  infiniteQueryOptions({
    queryKey: ["site", siteId, "departures"],
    queryFn: ({ pageParam }) =>
      unwrap(
        api.getDepartures({
          path: { site_id: siteId },
          query: { limit: DEPARTURES_PAGE, after: pageParam ?? undefined },
        }),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_after,
  });

/** The latest of what happened at a site, but for log lines and metrics. */
export const siteEventsQuery = (federationId: string, slug: string) =>
  queryOptions({
    queryKey: ["activity", "site", federationId, slug],
    queryFn: () =>
      unwrap(
        api.listEvents({
          query: {
            federation_id: federationId,
            site_slug: slug,
            kind: ["site", "dataset", "task", "status"],
            limit: 15,
          },
        }),
      ),
  });
