import { Card, Grid, Stack, Table, Text, Title } from "@mantine/core";
import { IconDownload } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { type FederationRecord, federationQuery, type ModelSet, modelQuery } from "@/api";
import { ALL_FEDERATIONS, experimentCrumb, federationCrumb } from "@/components/crumbs";
import { Loaded } from "@/components/Feedback";
import { DownloadButton, TextLink } from "@/components/links";
import { Page } from "@/components/Page";
import { formatBytes, formatDice } from "@/lib/format";
import { modelName } from "@/lib/words";
import { TryImage } from "./TryImage";

const route = getRouteApi("/runs/$runId/model");

export function ModelPage() {
  const { runId } = route.useParams();
  const set = useQuery(modelQuery(runId));
  return <Loaded query={set}>{(loaded) => <WithFederation set={loaded} />}</Loaded>;
}

function WithFederation({ set }: { set: ModelSet }) {
  const federation = useQuery(federationQuery(set.federation_id));
  return <Loaded query={federation}>{(loaded) => <ModelView set={set} federation={loaded} />}</Loaded>;
}

function ModelView({ set, federation }: { set: ModelSet; federation: FederationRecord }) {
  const experiment = { id: set.experiment_id, name: set.experiment_name };
  return (
    <Page
      title={`Models of ${set.strategy_label}`}
      documentTitle={`Models of ${set.strategy_label}, seed ${set.seed}`}
      crumbs={[ALL_FEDERATIONS, federationCrumb(federation, "models"), experimentCrumb(experiment)]}
      subtitle={`Seed ${set.seed}, round ${set.round} of ${set.config.schedule?.rounds ?? "?"}, chosen by validation. Research software, not a medical device.`}
      actions={
        <DownloadButton href={set.download_url} leftSection={<IconDownload size={16} aria-hidden />}>
          Download ({formatBytes(set.num_bytes)})
        </DownloadButton>
      }
    >
      <TryImage set={set} federation={federation} />
      <Grid>
        <Grid.Col span={{ base: 12, md: 7 }}>
          <Files set={set} />
        </Grid.Col>
        <Grid.Col span={{ base: 12, md: 5 }}>
          <Stack>
            <Scores set={set} />
            <Origin set={set} federation={federation} />
          </Stack>
        </Grid.Col>
      </Grid>
    </Page>
  );
}

function Files({ set }: { set: ModelSet }) {
  return (
    <Card withBorder>
      <Title order={2} size="h4" mb="xs">
        Files
      </Title>
      <Table fz="sm" verticalSpacing={4}>
        <Table.Tbody>
          {set.parts.map((part) => (
            <Table.Tr key={part.name}>
              <Table.Td>{part.name}.safetensors</Table.Td>
              <Table.Td ta="right">{formatBytes(part.num_bytes)}</Table.Td>
              <Table.Td ff="monospace" fz="xs" title={`SHA-256 ${part.sha256}`}>
                {part.sha256.slice(0, 12)}…
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Card>
  );
}

function Scores({ set }: { set: ModelSet }) {
  return (
    <Card withBorder>
      <Title order={2} size="h4" mb="xs">
        Test Dice ↑
      </Title>
      <Table fz="sm" verticalSpacing={4}>
        <Table.Tbody>
          {set.scores.map((score) => (
            <Table.Tr key={score.model}>
              <Table.Td>{modelName(score.model)}</Table.Td>
              <Table.Td ta="right">
                <b>{formatDice(score.dice)}</b>
              </Table.Td>
              <Table.Td ta="right">{score.num_cases} cases</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
      <TextLink size="sm" to="/runs/$runId/cases" params={{ runId: set.run_id }} search={{}}>
        Look at the cases
      </TextLink>
    </Card>
  );
}

function Origin({ set, federation }: { set: ModelSet; federation: FederationRecord }) {
  const nameOf = (slug: string) => federation.sites.find((site) => site.slug === slug)?.name ?? slug;
  return (
    <Card withBorder>
      <Title order={2} size="h4" mb="xs">
        Made of
      </Title>
      <Table fz="sm" verticalSpacing={4}>
        <Table.Tbody>
          {set.data.map((data) => (
            <Table.Tr key={data.dataset_id}>
              <Table.Td>
                {nameOf(data.site_slug)}
                {!data.trained_on && (
                  <Text span size="xs" c="dimmed">
                    {" "}
                    (held out)
                  </Text>
                )}
              </Table.Td>
              <Table.Td ta="right">{data.num_cases} cases</Table.Td>
              <Table.Td ff="monospace" fz="xs" title={`Fingerprint ${data.fingerprint}`}>
                {data.fingerprint.slice(0, 12)}…
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Card>
  );
}
