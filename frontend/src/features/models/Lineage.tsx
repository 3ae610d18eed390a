import { Card, List, Stack, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { registeredModelsQuery, type VersionRecord, type VersionSummary } from "@/api";
import { TextLink } from "@/components/links";

/** The registered versions that a version was made from, one step after the other, and those that were made from it. */
export function Lineage({ version }: { version: VersionRecord }) {
  const models = useQuery(registeredModelsQuery(version.federation_id)).data;
  if (models === undefined) return null;
  const versions = models.flatMap((model) => model.versions);
  const before = ancestors(version, versions);
  const after = versions.filter(({ made_from }) => made_from === version.reference);
  if (before.length === 0 && after.length === 0) return null;
  return (
    <Card withBorder data-testid="lineage">
      <Stack gap="xs">
        <Title order={2} size="h4">
          Lineage
        </Title>
        {before.length > 0 && (
          <References words="It was made from, the nearest first:" references={before} all={versions} />
        )}
        {after.length > 0 && (
          <References words="Made from it:" references={after.map(({ reference }) => reference)} all={versions} />
        )}
      </Stack>
    </Card>
  );
}

function References(props: { words: string; references: string[]; all: VersionSummary[] }) {
  return (
    <div>
      <Text size="sm" c="dimmed">
        {props.words}
      </Text>
      <List size="sm">
        {props.references.map((reference) => (
          <List.Item key={reference}>
            <VersionLink reference={reference} all={props.all} />
          </List.Item>
        ))}
      </List>
    </div>
  );
}

/** To a version of the federation; of one that was removed only the name is left. */
export function VersionLink({ reference, all }: { reference: string; all: VersionSummary[] }) {
  const found = all.find((version) => version.reference === reference);
  if (!found) return <>{reference} (removed)</>;
  return (
    <TextLink size="sm" to="/models/$versionId" params={{ versionId: found.id }} search={{}}>
      {reference}
    </TextLink>
  );
}

/** The nearest first. */
export function ancestors(version: { made_from: string | null }, all: VersionSummary[]): string[] {
  const found: string[] = [];
  let next = version.made_from;
  while (next && !found.includes(next)) {
    found.push(next);
    const reference: string = next;
    next = all.find((each) => each.reference === reference)?.made_from ?? null;
  }
  return found;
}
