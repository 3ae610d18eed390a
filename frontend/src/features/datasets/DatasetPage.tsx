import { Alert, Button, Card, Group, SimpleGrid, Stack, Tabs, Text } from "@mantine/core";
import { IconRefresh } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { alikeQuery, api, casesQuery, type DatasetRecord, datasetQuery, federationsQuery, unwrap } from "@/api";
import { AlikePairs } from "@/components/AlikePairs";
import { Allowed } from "@/components/Allowed";
import { ALL_FEDERATIONS, federationCrumb } from "@/components/crumbs";
import { Loaded, RowsSkeleton } from "@/components/Feedback";
import { Fingerprint } from "@/components/Fingerprint";
import { notifyError } from "@/components/notify";
import { Page } from "@/components/Page";
import { StateBadge } from "@/components/StateBadge";
import { useMay } from "@/components/useMay";
import { formatPercent, plural } from "@/lib/format";
import { CheckResult } from "./CheckResult";
import { DatasetMenu } from "./DatasetActions";
import { Distributions } from "./Distributions";
import { patientsText } from "./datasetCases";
import { History } from "./History";
import { Review } from "./Review";
import { countsText } from "./repairs";
import { SkippedCases } from "./SkippedCases";
import { UsedCases } from "./UsedCases";

const route = getRouteApi("/datasets/$datasetId");
const VIEWS = ["skipped", "patients", "distributions", "history"] as const;

export function DatasetPage() {
  const { datasetId } = route.useParams();
  const dataset = useQuery(datasetQuery(datasetId));
  return <Loaded query={dataset}>{(loaded) => <DatasetView dataset={loaded} />}</Loaded>;
}

function DatasetView({ dataset }: { dataset: DatasetRecord }) {
  const client = useQueryClient();
  const navigate = route.useNavigate();
  const { view } = route.useSearch();
  const federations = useQuery(federationsQuery);
  const federation = federations.data?.find(({ sites }) => sites.some((site) => site.id === dataset.site_id));
  const check = useMutation({
    mutationFn: () => unwrap(api.checkDataset({ path: { dataset_id: dataset.id }, body: null })),
    onSuccess: () => client.invalidateQueries({ queryKey: datasetQuery(dataset.id).queryKey }),
    onError: (error) => notifyError("Not checked again", error),
  });
  return (
    <Page
      help="data"
      title={dataset.name}
      subtitle={`${dataset.site_name} · ${dataset.folder}`}
      badge={<StateBadge state={dataset.status} />}
      crumbs={[ALL_FEDERATIONS, ...(federation ? [federationCrumb(federation, "datasets")] : [])]}
      actions={
        <>
          <Allowed permission="manage_data" federationId={federation?.id} siteId={dataset.site_id}>
            <Button
              variant="default"
              leftSection={<IconRefresh size={16} aria-hidden />}
              onClick={() => check.mutate()}
              disabled={dataset.status === "checking"}
              loading={check.isPending}
            >
              Check again
            </Button>
          </Allowed>
          <DatasetMenu dataset={dataset} federationId={federation?.id} />
        </>
      }
    >
      <CheckResult
        dataset={dataset}
        onReason={view === "skipped" ? undefined : (reason) => void navigate({ search: { view: "skipped", reason } })}
      />
      <Allowed permission="manage_data" federationId={federation?.id} siteId={dataset.site_id}>
        <Review dataset={dataset} numStructures={federation?.task.structures.length ?? 1} />
      </Allowed>
      {dataset.num_used > 0 && (
        <>
          <Facts dataset={dataset} />
          <Identity dataset={dataset} />
        </>
      )}
      {dataset.num_used + dataset.num_skipped > 0 && (
        <Allowed
          permission="read_data"
          federationId={federation?.id}
          siteId={dataset.site_id}
          who="The cases of a data set are seen by"
        >
          <Cases dataset={dataset} federationId={federation?.id} />
        </Allowed>
      )}
    </Page>
  );
}

function Facts({ dataset }: { dataset: DatasetRecord }) {
  const facts: [string, string][] = [
    ...(["train", "val", "test"] as const).map((split): [string, string] => [
      `${split} cases`,
      String(dataset.num_cases[split] ?? 0),
    ]),
    ...Object.entries(dataset.structure_shares).map(([name, share]): [string, string] => [
      `${name}, mean share of the image`,
      formatPercent(share, 1),
    ]),
  ];
  return (
    <SimpleGrid cols={{ base: 2, sm: 3, lg: 6 }}>
      {facts.map(([label, value]) => (
        <Card key={label} withBorder padding="sm">
          <Text fz={22} fw={600}>
            {value}
          </Text>
          <Text size="xs" c="dimmed">
            {label}
          </Text>
        </Card>
      ))}
    </SimpleGrid>
  );
}

/** How the folder was read, and the number by which the same data are known again. */
function Identity({ dataset }: { dataset: DatasetRecord }) {
  const facts = [
    `Layout: ${dataset.found_layout ?? dataset.layout}`,
    patientsText(dataset),
    ...(dataset.spacing ? [`Median spacing ${dataset.spacing.map((mm) => mm.toFixed(2)).join(" × ")} mm`] : []),
    ...(dataset.num_repaired_cases > 0
      ? [`${plural(dataset.num_repaired_cases, "used case")} repaired: ${countsText(dataset.num_repaired)}`]
      : []),
    ...(dataset.num_empty > 0 ? [`${plural(dataset.num_empty, "used case")} with nothing there`] : []),
    ...(dataset.num_warned > 0 ? [`${plural(dataset.num_warned, "used case")} to look at`] : []),
  ];
  return (
    <Stack gap={6}>
      {dataset.warnings.map((warning) => (
        <Alert key={warning} color="yellow" py="xs">
          {warning}
        </Alert>
      ))}
      <Group gap="md">
        <Text size="sm" c="dimmed">
          {facts.join(" · ")}
        </Text>
        {dataset.fingerprint && (
          <Fingerprint value={dataset.fingerprint} of={`the data set ${dataset.name}`} label="fingerprint " />
        )}
      </Group>
    </Stack>
  );
}

function Cases({ dataset, federationId }: { dataset: DatasetRecord; federationId: string | undefined }) {
  const seesPairs = useMay("read_data", federationId);
  const alike = useQuery({ ...alikeQuery(federationId ?? "", dataset.id), enabled: seesPairs && !!federationId });
  const numUndecided = alike.data && alike.data.num_undecided > 0 ? ` (${alike.data.num_undecided})` : "";
  const cases = useQuery(casesQuery(dataset.id));
  const { view } = route.useSearch();
  const navigate = route.useNavigate();
  return (
    <Loaded query={cases} skeleton={<RowsSkeleton />}>
      {(rows) => (
        <Tabs
          value={view ?? "used"}
          onChange={(next) => void navigate({ search: { view: VIEWS.find((known) => known === next) } })}
          keepMounted={false}
        >
          <Tabs.List mb="md">
            <Tabs.Tab value="used">Used cases ({dataset.num_used})</Tabs.Tab>
            <Tabs.Tab value="skipped">Skipped cases ({dataset.num_skipped})</Tabs.Tab>
            {federationId && seesPairs && <Tabs.Tab value="patients">Same patient?{numUndecided}</Tabs.Tab>}
            <Tabs.Tab value="distributions">Distributions</Tabs.Tab>
            <Tabs.Tab value="history">History</Tabs.Tab>
          </Tabs.List>
          <Tabs.Panel value="used">
            <UsedCases dataset={dataset} cases={rows} />
          </Tabs.Panel>
          <Tabs.Panel value="skipped">
            <SkippedCases dataset={dataset} cases={rows} />
          </Tabs.Panel>
          {federationId && seesPairs && (
            <Tabs.Panel value="patients">
              <AlikePairs federationId={federationId} datasetId={dataset.id} />
            </Tabs.Panel>
          )}
          <Tabs.Panel value="distributions">
            <Distributions dataset={dataset} cases={rows} />
          </Tabs.Panel>
          <Tabs.Panel value="history">
            <History dataset={dataset} />
          </Tabs.Panel>
        </Tabs>
      )}
    </Loaded>
  );
}
