import { Alert, Badge, Card, Grid, Group, List, Select, Stack, Text, Title } from "@mantine/core";
import { IconDownload, IconPhoto, IconShieldCheck } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { type FederationRecord, federationQuery, registeredModelsQuery, type VersionRecord } from "@/api";
import { Allowed } from "@/components/Allowed";
import { Archived } from "@/components/Archived";
import { ALL_FEDERATIONS, federationCrumb } from "@/components/crumbs";
import { Loaded } from "@/components/Feedback";
import { Fingerprint } from "@/components/Fingerprint";
import { Isolated } from "@/components/Isolated";
import { DownloadButton, LinkButton } from "@/components/links";
import { OnThisPage } from "@/components/OnThisPage";
import { Page } from "@/components/Page";
import { formatBytes, formatDateTime } from "@/lib/format";
import { Lineage } from "./Lineage";
import { ModelExports } from "./ModelExports";
import { ModelFiles } from "./ModelFiles";
import { ModelOrigin } from "./ModelOrigin";
import { versionQuery } from "./queries";
import { Students } from "./Students";
import { TestModel } from "./TestModel";
import { UseAgain } from "./UseAgain";
import { VersionAliases } from "./VersionAliases";
import { VersionComparison } from "./VersionComparison";
import { VersionNotes } from "./VersionNotes";
import { VersionScores } from "./VersionScores";

const route = getRouteApi("/models/$versionId");

/** One version of a registered model: what the run knew, what people say, and what is made of it. */
export function VersionPage() {
  const { versionId } = route.useParams();
  const version = useQuery(versionQuery(versionId));
  return <Loaded query={version}>{(loaded) => <WithFederation version={loaded} />}</Loaded>;
}

function WithFederation({ version }: { version: VersionRecord }) {
  const federation = useQuery(federationQuery(version.federation_id));
  return <Loaded query={federation}>{(loaded) => <VersionView version={version} federation={loaded} />}</Loaded>;
}

function VersionView({ version, federation }: { version: VersionRecord; federation: FederationRecord }) {
  const { facts } = version;
  return (
    <Page
      help="models#models-under-names"
      title={version.reference}
      crumbs={[ALL_FEDERATIONS, federationCrumb(federation, "models")]}
      badge={
        <>
          {version.aliases.map((alias) => (
            <Badge key={alias} variant="light" tt="none">
              {alias}
            </Badge>
          ))}
          {version.experiment_archived && <Archived what="Experiment archived" />}
        </>
      }
      subtitle={
        <>
          {version.strategy_label}, seed {version.seed}, round {version.round} of{" "}
          <Isolated>{version.experiment_name}</Isolated>. Registered by <Isolated>{version.created_by}</Isolated>,{" "}
          {formatDateTime(version.created_at)}.
        </>
      }
      actions={
        <>
          <Allowed permission="run_experiments" federationId={federation.id}>
            <LinkButton
              variant="default"
              to="/runs/$runId/model"
              params={{ runId: version.run_id }}
              search={{ threshold: version.threshold === "validation" ? "validation" : undefined }}
              leftSection={<IconPhoto size={16} aria-hidden />}
            >
              Try on my image
            </LinkButton>
          </Allowed>
          <Allowed permission="move_models" federationId={federation.id}>
            <DownloadButton href={version.download_url} leftSection={<IconDownload size={16} aria-hidden />}>
              Download ({formatBytes(version.num_bytes)})
            </DownloadButton>
          </Allowed>
        </>
      }
    >
      <OnThisPage gap="lg">
        <Compared version={version} federation={federation} />
        <Grid>
          <Grid.Col span={{ base: 12, md: 6 }}>
            <Stack>
              <VersionScores version={version} federation={federation} />
              <Limits limits={facts.limits} />
              <UseAgain version={version} federation={federation} />
              <Students set={facts} federation={federation} threshold={version.threshold} version={version.reference} />
              <TestModel set={facts} threshold={version.threshold} />
              <Allowed permission="move_models" federationId={federation.id}>
                <ModelExports set={facts} threshold={version.threshold} />
              </Allowed>
              <ModelFiles set={facts} federation={federation} />
            </Stack>
          </Grid.Col>
          <Grid.Col span={{ base: 12, md: 6 }}>
            <Stack>
              <VersionNotes version={version} />
              <VersionAliases version={version} />
              <Lineage version={version} />
              <Signed version={version} />
              <ModelOrigin set={facts} federation={federation} />
            </Stack>
          </Grid.Col>
        </Grid>
      </OnThisPage>
    </Page>
  );
}

/** Next to another version of the federation, which the address names. */
function Compared({ version, federation }: { version: VersionRecord; federation: FederationRecord }) {
  const { with: other } = route.useSearch();
  const navigate = route.useNavigate();
  const models = useQuery(registeredModelsQuery(version.federation_id)).data ?? [];
  const others = models.flatMap(({ versions }) => versions).filter(({ id }) => id !== version.id);
  if (others.length === 0) return null;
  return (
    <Stack gap="sm">
      <Select
        label="Compare with"
        placeholder="Another version"
        data={others.map(({ id, reference, aliases }) => ({ value: id, label: [reference, ...aliases].join(", ") }))}
        value={other ?? null}
        onChange={(chosen) => navigate({ search: { with: chosen ?? undefined }, replace: true })}
        clearable
        maw={320}
      />
      {other && <VersionComparison versionId={version.id} other={other} federation={federation} />}
    </Stack>
  );
}

function Limits({ limits }: { limits: string[] }) {
  return (
    <Card withBorder>
      <Title order={2} size="h4" mb="xs">
        Limits
      </Title>
      <List size="sm" spacing={4}>
        {limits.map((limit) => (
          <List.Item key={limit}>{limit}</List.Item>
        ))}
      </List>
    </Card>
  );
}

function Signed({ version }: { version: VersionRecord }) {
  return (
    <Card withBorder data-testid="signature">
      <Title order={2} size="h4" mb="xs">
        Signature
      </Title>
      {version.is_signed ? (
        <Group gap="xs" wrap="nowrap" align="flex-start">
          <IconShieldCheck size={18} style={{ flexShrink: 0 }} aria-hidden />
          <Text size="sm">
            This server signed the SHA-256 of every file. Check a download with{" "}
            <code>fedsm model verify FILE --fingerprint KEY</code>; the key is{" "}
            <Fingerprint value={version.signature.fingerprint} of="the server's key" />
          </Text>
        </Group>
      ) : (
        <Alert color="red" title="The signature does not fit">
          The facts of this version were changed in the database, or another server signed them. Do not use it: register
          the run's models again.
        </Alert>
      )}
    </Card>
  );
}
