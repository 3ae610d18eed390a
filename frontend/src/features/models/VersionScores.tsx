import { Card, Table, Text, Title } from "@mantine/core";
import type { FederationRecord, VersionRecord } from "@/api";
import { SiteMark } from "@/components/SiteMark";
import { siteLook } from "@/lib/sites";
import { modelName } from "@/lib/words";
import { scoreText } from "./registry";

/** Frozen when the version was registered: each model on all test cases, and on those of each site. */
export function VersionScores({ version, federation }: { version: VersionRecord; federation: FederationRecord }) {
  const scores = version.facts.version_scores;
  return (
    <Card withBorder data-testid="version-scores">
      <Title order={2} size="h4" mb="xs">
        Scores
      </Title>
      {scores.length === 0 ? (
        <Text size="sm" c="dimmed">
          Not tested on this platform. Test it on other data, below.
        </Text>
      ) : (
        <Table fz="sm" verticalSpacing={4}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Test cases of</Table.Th>
              <Table.Th>Model</Table.Th>
              <Table.Th ta="right">Dice ↑ (95 % interval)</Table.Th>
              <Table.Th ta="right">Cases</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {scores.map((score) => (
              <Table.Tr key={`${score.site_slug} ${score.model}`}>
                <Table.Th scope="row" fw={400}>
                  <Place slug={score.site_slug} federation={federation} />
                  {score.held_out && (
                    <Text size="xs" c="dimmed">
                      did not train
                    </Text>
                  )}
                </Table.Th>
                <Table.Td>{modelName(score.model)}</Table.Td>
                <Table.Td ta="right">{scoreText(score)}</Table.Td>
                <Table.Td ta="right">{score.num_cases}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      )}
    </Card>
  );
}

function Place({ slug, federation }: { slug: string | null; federation: FederationRecord }) {
  if (slug === null) return <b>all sites that trained</b>;
  return <SiteMark {...siteLook(slug, federation)} />;
}
