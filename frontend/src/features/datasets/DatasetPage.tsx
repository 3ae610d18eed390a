import { Alert, Button, Card, CopyButton, Group, Loader, SimpleGrid, Stack, Table, Tabs, Text } from "@mantine/core";
import { IconCircleCheck, IconRefresh } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { api, type CaseRecord, casesQuery, type DatasetRecord, datasetQuery, federationsQuery, unwrap } from "@/api";
import { ALL_FEDERATIONS, federationCrumb } from "@/components/crumbs";
import { EmptyState, Loaded, RowsSkeleton } from "@/components/Feedback";
import { notifyError } from "@/components/notify";
import { Page } from "@/components/Page";
import { StateBadge } from "@/components/StateBadge";
import { formatPercent, plural } from "@/lib/format";
import { Gallery } from "./Gallery";
import { checkSentence } from "./sentence";

const route = getRouteApi("/datasets/$datasetId");

export function DatasetPage() {
  const { datasetId } = route.useParams();
  const dataset = useQuery(datasetQuery(datasetId));
  return <Loaded query={dataset}>{(loaded) => <DatasetView dataset={loaded} />}</Loaded>;
}

function DatasetView({ dataset }: { dataset: DatasetRecord }) {
  const client = useQueryClient();
  const federations = useQuery(federationsQuery);
  const federation = federations.data?.find(({ sites }) => sites.some((site) => site.id === dataset.site_id));
  const check = useMutation({
    mutationFn: () => unwrap(api.checkDataset({ path: { dataset_id: dataset.id } })),
    onSuccess: () => client.invalidateQueries({ queryKey: datasetQuery(dataset.id).queryKey }),
    onError: (error) => notifyError("Not checked again", error),
  });
  return (
    <Page
      title={dataset.name}
      subtitle={`${dataset.site_name} · ${dataset.folder}`}
      badge={<StateBadge state={dataset.status} />}
      crumbs={[ALL_FEDERATIONS, ...(federation ? [federationCrumb(federation, "datasets")] : [])]}
      actions={
        <Button
          variant="default"
          leftSection={<IconRefresh size={16} aria-hidden />}
          onClick={() => check.mutate()}
          loading={check.isPending || dataset.status === "checking"}
        >
          Check again
        </Button>
      }
    >
      <CheckResult dataset={dataset} />
      {dataset.status === "ready" && (
        <>
          <Facts dataset={dataset} />
          <Identity dataset={dataset} />
          <Cases dataset={dataset} />
        </>
      )}
    </Page>
  );
}

function CheckResult({ dataset }: { dataset: DatasetRecord }) {
  if (dataset.status === "checking") {
    return (
      <Alert color="blue" icon={<Loader size={18} />} title="Checking">
        The site's worker is reading the folder. If nothing happens for a while, look whether a worker is online.
      </Alert>
    );
  }
  if (dataset.status === "failed") {
    return (
      <Alert color="red" title="The check failed">
        {dataset.error} Mend it at the site, then check again.
      </Alert>
    );
  }
  return (
    <Text size="lg" fw={500} data-testid="check-sentence">
      {checkSentence(dataset)}
    </Text>
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
      <Histogram shares={dataset.intensity_histogram} />
    </SimpleGrid>
  );
}

/** How the folder was read, and the number by which the same data are known again. */
function Identity({ dataset }: { dataset: DatasetRecord }) {
  const facts = [
    `Layout: ${dataset.found_layout ?? dataset.layout}`,
    dataset.num_patients !== null ? plural(dataset.num_patients, "patient") : "Patients not known",
    ...(dataset.spacing ? [`Median spacing ${dataset.spacing.map((mm) => mm.toFixed(2)).join(" × ")} mm`] : []),
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
          <CopyButton value={dataset.fingerprint}>
            {({ copied, copy }) => (
              <Button
                size="compact-xs"
                variant="default"
                ff="monospace"
                onClick={copy}
                title="SHA-256 over names, splits, files and how masks are read. Click to copy."
              >
                {copied ? "copied" : `fingerprint ${dataset.fingerprint?.slice(0, 12)}…`}
              </Button>
            )}
          </CopyButton>
        )}
      </Group>
    </Stack>
  );
}

/** Share of pixels by grey value, dark to bright. */
function Histogram({ shares }: { shares: number[] }) {
  const highest = Math.max(...shares, 0);
  if (highest === 0) return null;
  return (
    <Card withBorder padding="sm">
      <svg viewBox={`0 0 ${shares.length} 16`} height={34} width="100%" preserveAspectRatio="none" role="img">
        <title>Histogram of grey values over the used images, dark to bright</title>
        {shares.map((share, index) => (
          <rect
            key={index}
            x={index + 0.1}
            width={0.8}
            y={16 - (16 * share) / highest}
            height={(16 * share) / highest}
            fill="var(--mantine-primary-color-filled)"
          />
        ))}
      </svg>
      <Text size="xs" c="dimmed">
        grey values, dark to bright
      </Text>
    </Card>
  );
}

function Cases({ dataset }: { dataset: DatasetRecord }) {
  const cases = useQuery(casesQuery(dataset.id));
  const { view } = route.useSearch();
  const navigate = route.useNavigate();
  return (
    <Loaded query={cases} skeleton={<RowsSkeleton />}>
      {(rows) => {
        const used = rows.filter((row) => row.used);
        const skipped = rows.filter((row) => !row.used);
        return (
          <Tabs
            value={view ?? "gallery"}
            onChange={(next) => void navigate({ search: { view: next === "skipped" ? "skipped" : undefined } })}
            keepMounted={false}
          >
            <Tabs.List mb="md">
              <Tabs.Tab value="gallery">Used cases ({used.length})</Tabs.Tab>
              <Tabs.Tab value="skipped">Skipped cases ({skipped.length})</Tabs.Tab>
            </Tabs.List>
            <Tabs.Panel value="gallery">
              <Gallery cases={used} />
            </Tabs.Panel>
            <Tabs.Panel value="skipped">
              <SkippedTable cases={skipped} />
            </Tabs.Panel>
          </Tabs>
        );
      }}
    </Loaded>
  );
}

function SkippedTable({ cases }: { cases: CaseRecord[] }) {
  if (cases.length === 0) {
    return (
      <EmptyState icon={IconCircleCheck} title="Nothing was skipped">
        Every image of the folder has a mask that fits it.
      </EmptyState>
    );
  }
  return (
    <Card withBorder padding={0}>
      <Table>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Case</Table.Th>
            <Table.Th>Reason and remedy</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {cases.map((row) => (
            <Table.Tr key={row.id}>
              <Table.Td>{row.name}</Table.Td>
              <Table.Td>
                <Group gap="xs">{row.reason}</Group>
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Card>
  );
}
