import { Badge, Button, Card, Checkbox, Group, Stack, Table, Text, Title } from "@mantine/core";
import { IconColumns } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Fragment, useState } from "react";
import { type FederationRecord, registeredModelsQuery, type VersionSummary } from "@/api";
import { Allowed } from "@/components/Allowed";
import { Archived } from "@/components/Archived";
import { HelpLink } from "@/components/HelpLink";
import { Isolated } from "@/components/Isolated";
import { TextLink } from "@/components/links";
import { formatDateTime } from "@/lib/format";
import { siteName } from "@/lib/sites";
import { modelName } from "@/lib/words";
import { VersionLink } from "./Lineage";
import { scoreText } from "./registry";

/** Models under names: every version, its aliases, where it comes from; two are set side by side. */
export function RegisteredModels({ federation }: { federation: FederationRecord }) {
  const models = useQuery(registeredModelsQuery(federation.id)).data;
  const navigate = useNavigate();
  const [ticked, setTicked] = useState<string[]>([]);
  if (models === undefined) return null;
  const versions = models.flatMap((model) => model.versions);
  // A version may have been removed since it was ticked.
  const chosen = ticked.filter((id) => versions.some((version) => version.id === id));
  const [first, second] = chosen;
  const compare = () =>
    first && second && navigate({ to: "/models/$versionId", params: { versionId: first }, search: { with: second } });
  return (
    <Card withBorder data-testid="registered-models">
      <Stack gap="sm">
        <Group justify="space-between">
          <Group gap="xs">
            <Title order={2} size="h4">
              Registered
            </Title>
            <HelpLink to="models#models-under-names" />
          </Group>
          {versions.length > 1 && (
            <Button
              size="compact-sm"
              variant="default"
              disabled={chosen.length !== 2}
              onClick={compare}
              leftSection={<IconColumns size={14} aria-hidden />}
            >
              Compare two
            </Button>
          )}
        </Group>
        {versions.length === 0 ? (
          <Stack gap={4}>
            <Text size="sm" c="dimmed">
              No model has a name yet. A registered set of models is kept as version 1, 2, ... of a name, with its
              scores, its card and signed hashes.
            </Text>
            <Allowed permission="register_models" federationId={federation.id} who="Models are registered by">
              <Text size="sm" c="dimmed">
                Open a set of models and choose Register.
              </Text>
            </Allowed>
          </Stack>
        ) : (
          <Table.ScrollContainer minWidth={760}>
            <Table fz="sm">
              <Table.Thead>
                <Table.Tr>
                  {versions.length > 1 && <Table.Th aria-label="Chosen to compare" w={36} />}
                  <Table.Th>Version</Table.Th>
                  <Table.Th>Trained by</Table.Th>
                  <Table.Th>At sites</Table.Th>
                  <Table.Th ta="right">Test Dice ↑ (95 % interval)</Table.Th>
                  <Table.Th>Registered</Table.Th>
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {versions.map((version) => (
                  <Table.Tr key={version.id}>
                    {versions.length > 1 && (
                      <Table.Td>
                        <Checkbox
                          size="xs"
                          aria-label={`Compare ${version.reference}`}
                          checked={chosen.includes(version.id)}
                          onChange={() => setTicked(toggled(chosen, version.id))}
                        />
                      </Table.Td>
                    )}
                    <Cells version={version} all={versions} federation={federation} />
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
          </Table.ScrollContainer>
        )}
      </Stack>
    </Card>
  );
}

/** The last two that were chosen. */
function toggled(before: string[], id: string): string[] {
  return before.includes(id) ? before.filter((other) => other !== id) : [...before, id].slice(-2);
}

interface CellsProps {
  version: VersionSummary;
  all: VersionSummary[];
  federation: FederationRecord;
}

function Cells({ version, all, federation }: CellsProps) {
  return (
    <>
      <Table.Td>
        <Group gap={6}>
          <TextLink size="sm" fw={500} to="/models/$versionId" params={{ versionId: version.id }} search={{}}>
            {version.reference}
          </TextLink>
          {version.aliases.map((alias) => (
            <Badge key={alias} size="sm" variant="light" tt="none">
              {alias}
            </Badge>
          ))}
        </Group>
        {version.made_from && (
          <Text size="xs" c="dimmed">
            made from <VersionLink reference={version.made_from} all={all} />
          </Text>
        )}
      </Table.Td>
      <Table.Td>
        <TextLink
          size="sm"
          to="/experiments/$experimentId"
          params={{ experimentId: version.experiment_id }}
          search={{ run: version.run_id }}
        >
          <Isolated>{version.experiment_name}</Isolated>
        </TextLink>{" "}
        {version.experiment_archived && <Archived size="sm" />}
        <Text size="xs" c="dimmed">
          {version.strategy_label}, seed {version.seed}, round {version.round}
        </Text>
      </Table.Td>
      <Table.Td>
        {version.sites.map((slug, index) => (
          <Fragment key={slug}>
            {index > 0 && ", "}
            <Isolated>{siteName(federation, slug)}</Isolated>
          </Fragment>
        ))}
      </Table.Td>
      <Table.Td ta="right">
        {version.scores.length === 0 && (
          <Text size="sm" c="dimmed">
            not tested here
          </Text>
        )}
        {version.scores.map((score) => (
          <Text key={score.model} size="sm">
            {modelName(score.model)} <b style={{ whiteSpace: "nowrap" }}>{scoreText(score)}</b>
          </Text>
        ))}
      </Table.Td>
      <Table.Td>
        <Text size="sm" c="dimmed">
          {formatDateTime(version.created_at)} by <Isolated>{version.created_by}</Isolated>
        </Text>
      </Table.Td>
    </>
  );
}
