import { queryOptions } from "@tanstack/react-query";
import { api, unwrap } from "@/api";

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

/** What left a site, when and to whom. */
export const departuresQuery = (siteId: string) =>
  queryOptions({
    queryKey: ["site", siteId, "departures"],
    queryFn: () => unwrap(api.getDepartures({ path: { site_id: siteId } })),
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
