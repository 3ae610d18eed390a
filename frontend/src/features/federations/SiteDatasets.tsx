import { Group, Stack, Text } from "@mantine/core";
import { IconDatabasePlus } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { datasetsQuery, type FederationRecord, type SiteRecord } from "@/api";
import { Allowed } from "@/components/Allowed";
import { Loaded, RowsSkeleton } from "@/components/Feedback";
import { Isolated } from "@/components/Isolated";
import { LinkButton, TextLink } from "@/components/links";
import { StateBadge } from "@/components/StateBadge";
import { checkSentence } from "@/lib/checks";

export function SiteDatasets({ federation, site }: { federation: FederationRecord; site: SiteRecord }) {
  const datasets = useQuery(datasetsQuery(federation.id));
  return (
    <Loaded query={datasets} skeleton={<RowsSkeleton rows={1} />}>
      {(all) => {
        const own = all.filter((dataset) => dataset.site_id === site.id);
        return (
          <Stack gap="xs" align="flex-start">
            {own.length === 0 && (
              <Text size="sm" c="dimmed">
                None yet: register the folder that holds the site's images and masks.
              </Text>
            )}
            {own.map((dataset) => (
              <div key={dataset.id}>
                <Group gap="xs">
                  <TextLink size="sm" fw={500} to="/datasets/$datasetId" params={{ datasetId: dataset.id }} search={{}}>
                    <Isolated>
                      <Isolated>{dataset.name}</Isolated>
                    </Isolated>
                  </TextLink>
                  <StateBadge state={dataset.status} size="sm" />
                </Group>
                <Text size="sm" c="dimmed">
                  {checkSentence(dataset)}
                </Text>
              </div>
            ))}
            {site.archived_at === null && (
              <Allowed
                permission="manage_data"
                federationId={federation.id}
                siteId={site.id}
                who="Data are registered by"
              >
                <LinkButton
                  size="xs"
                  variant="default"
                  to="/federations/$federationId/datasets/new"
                  params={{ federationId: federation.id }}
                  search={{ site: site.id }}
                  leftSection={<IconDatabasePlus size={14} aria-hidden />}
                >
                  Register data
                </LinkButton>
              </Allowed>
            )}
          </Stack>
        );
      }}
    </Loaded>
  );
}
