import { useMutation, useQueryClient } from "@tanstack/react-query";
import { api, federationQuery, federationsQuery, type SiteRecord, type SiteUpdate, unwrap } from "@/api";

/** Changes a site, and fetches again what shows it. */
export function useSiteChange(site: Pick<SiteRecord, "id" | "federation_id">) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: SiteUpdate) => unwrap<SiteRecord>(api.updateSite({ path: { site_id: site.id }, body })),
    onSuccess: async () => {
      // Statistics, leakage and thumbnails depend on policies.
      await client.invalidateQueries({ queryKey: federationQuery(site.federation_id).queryKey });
      await client.invalidateQueries({ queryKey: federationsQuery.queryKey });
      await client.invalidateQueries({ queryKey: ["dataset"] });
      await client.invalidateQueries({ queryKey: ["site", site.id] });
      // Pictures of test cases are hidden at once, or shown again.
      await client.invalidateQueries({ queryKey: ["run"] });
    },
  });
}
