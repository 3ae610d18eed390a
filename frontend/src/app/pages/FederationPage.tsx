import { Alert, Badge, Group, Tabs } from "@mantine/core";
import {
  IconArchive,
  IconBox,
  IconBuildingHospital,
  IconChartHistogram,
  IconFlask,
  IconPhoto,
} from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { type FederationRecord, federationQuery } from "@/api";
import { Allowed } from "@/components/Allowed";
import { Archived } from "@/components/Archived";
import { ALL_FEDERATIONS, FEDERATION_TABS } from "@/components/crumbs";
import { Loaded } from "@/components/Feedback";
import { Isolated } from "@/components/Isolated";
import { Page } from "@/components/Page";
import { DatasetsPanel } from "@/features/datasets/DatasetsPanel";
import { ExperimentsPanel } from "@/features/experiments/ExperimentsPanel";
import { FederationMenu } from "@/features/federations/FederationActions";
import { SitesPanel } from "@/features/federations/SitesPanel";
import { ModelsPanel } from "@/features/models/ModelsPanel";
import { StatisticsPanel } from "@/features/statistics/StatisticsPanel";
import { isActive, taskInShort } from "@/lib/sites";

const route = getRouteApi("/federations/$federationId");

/** By tab, where the documentation tells of it. */
const HELP: Partial<Record<string, string>> = {
  sites: "hospital",
  datasets: "data",
  statistics: "data",
  experiments: "runs",
  models: "models",
};

export function FederationPage() {
  const { federationId } = route.useParams();
  const federation = useQuery(federationQuery(federationId));
  return <Loaded query={federation}>{(loaded) => <FederationView federation={loaded} />}</Loaded>;
}

function FederationView({ federation }: { federation: FederationRecord }) {
  const { tab } = route.useSearch();
  const navigate = route.useNavigate();
  return (
    <Page
      help={HELP[tab ?? "sites"] ?? "hospital"}
      wide
      title={federation.name}
      crumbs={[ALL_FEDERATIONS]}
      badge={federation.archived_at !== null && <Archived />}
      actions={<FederationMenu federation={federation} onDeleted={() => void navigate({ to: "/" })} />}
      subtitle={
        <>
          <Isolated>{federation.description}</Isolated>
          <Group gap="xs" mt="xs">
            <Badge variant="default">{federation.task.modality}</Badge>
            <Badge variant="default">{taskInShort(federation.task)}</Badge>
            {federation.task.structures.map((structure) => (
              <Badge key={structure.name} color="petrol">
                {structure.name}: {structure.label_values.join(", ")}
              </Badge>
            ))}
          </Group>
        </>
      }
    >
      {federation.archived_at !== null && (
        <Alert color="gray" icon={<IconArchive aria-hidden />} py="xs">
          This federation is archived: it is not in the list, and nothing of it is lost. Its menu restores it.
        </Alert>
      )}
      <Tabs
        value={tab ?? "sites"}
        onChange={(next) => void navigate({ search: { tab: FEDERATION_TABS.find((known) => known === next) } })}
        keepMounted={false}
      >
        <Tabs.List mb="md">
          <Tabs.Tab value="sites" leftSection={<IconBuildingHospital size={16} aria-hidden />}>
            Sites ({federation.sites.filter(isActive).length})
          </Tabs.Tab>
          <Allowed permission="follow" federationId={federation.id}>
            <Tabs.Tab value="datasets" leftSection={<IconPhoto size={16} aria-hidden />}>
              Data sets
            </Tabs.Tab>
            <Tabs.Tab value="statistics" leftSection={<IconChartHistogram size={16} aria-hidden />}>
              Statistics
            </Tabs.Tab>
          </Allowed>
          <Tabs.Tab value="experiments" leftSection={<IconFlask size={16} aria-hidden />}>
            Experiments ({federation.num_experiments})
          </Tabs.Tab>
          <Tabs.Tab value="models" leftSection={<IconBox size={16} aria-hidden />}>
            Models
          </Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="sites">
          <SitesPanel federation={federation} />
        </Tabs.Panel>
        <Tabs.Panel value="datasets">
          <Allowed permission="follow" federationId={federation.id} who="Data sets are seen by">
            <DatasetsPanel federation={federation} />
          </Allowed>
        </Tabs.Panel>
        <Tabs.Panel value="statistics">
          <Allowed permission="follow" federationId={federation.id} who="Statistics are seen by">
            <StatisticsPanel federation={federation} />
          </Allowed>
        </Tabs.Panel>
        <Tabs.Panel value="experiments">
          <ExperimentsPanel federation={federation} />
        </Tabs.Panel>
        <Tabs.Panel value="models">
          <ModelsPanel federation={federation} />
        </Tabs.Panel>
      </Tabs>
    </Page>
  );
}
