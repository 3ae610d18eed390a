import { Alert, Card, Stack, Switch, Table, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { VersionComparison as Comparison, FederationRecord } from "@/api";
import { Loaded, RowsSkeleton } from "@/components/Feedback";
import { Isolated } from "@/components/Isolated";
import { TextLink } from "@/components/links";
import { describePath } from "@/lib/fieldNames";
import { siteName } from "@/lib/sites";
import { modelName } from "@/lib/words";
import { versionComparisonQuery } from "./queries";
import { scoreText } from "./registry";

/** Two versions side by side: the settings that differ, and what each model scores at each site. */
export function VersionComparison(props: { versionId: string; other: string; federation: FederationRecord }) {
  const { versionId, other, federation } = props;
  const found = useQuery(versionComparisonQuery(versionId, other));
  return (
    <Loaded query={found} skeleton={<RowsSkeleton rows={3} />}>
      {(comparison) => <Compared comparison={comparison} federation={federation} />}
    </Loaded>
  );
}

function Compared({ comparison, federation }: { comparison: Comparison; federation: FederationRecord }) {
  const [all, setAll] = useState(false);
  const shown = comparison.parameters.filter(({ differs }) => all || differs);
  return (
    <Card withBorder data-testid="version-comparison">
      <Stack gap="sm">
        <Title order={2} size="h4">
          Side by side
        </Title>
        {comparison.cautions.map((caution) => (
          <Alert key={caution} color="orange">
            {caution}
          </Alert>
        ))}
        <Switch
          size="sm"
          label="Equal settings too"
          checked={all}
          onChange={(event) => setAll(event.currentTarget.checked)}
        />
        {shown.length === 0 && (
          <Text size="sm" c="dimmed">
            Every setting is the same.
          </Text>
        )}
        <Table.ScrollContainer minWidth={520}>
          <Table fz="sm" verticalSpacing={4}>
            <Heads comparison={comparison} />
            <Table.Tbody>
              {shown.map(({ path, values, differs }) => (
                <Table.Tr key={path}>
                  <Table.Th scope="row" fw={400} title={path}>
                    {describePath(path, [])}
                  </Table.Th>
                  {comparison.versions.map(({ id }, index) => (
                    <Table.Td key={id} ta="right" fw={differs ? 600 : undefined}>
                      {values[index] ?? "–"}
                    </Table.Td>
                  ))}
                </Table.Tr>
              ))}
              {comparison.scores.map(({ model, site_slug, values }) => (
                <Table.Tr key={`${site_slug} ${model}`}>
                  <Table.Th scope="row" fw={400}>
                    Test Dice of {modelName(model)},{" "}
                    {site_slug === null ? (
                      "all sites that trained"
                    ) : (
                      <Isolated>{siteName(federation, site_slug)}</Isolated>
                    )}
                  </Table.Th>
                  {comparison.versions.map(({ id }, index) => (
                    <Table.Td key={id} ta="right">
                      {scoreText(values[index])}
                    </Table.Td>
                  ))}
                </Table.Tr>
              ))}
              <Table.Tr>
                <Table.Th scope="row" fw={400}>
                  Notes
                </Table.Th>
                {comparison.versions.map(({ id, notes }) => (
                  <Table.Td key={id} ta="right" style={{ whiteSpace: "pre-wrap", overflowWrap: "anywhere" }}>
                    {notes ? <Isolated>{notes}</Isolated> : "–"}
                  </Table.Td>
                ))}
              </Table.Tr>
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      </Stack>
    </Card>
  );
}

function Heads({ comparison }: { comparison: Comparison }) {
  return (
    <Table.Thead>
      <Table.Tr>
        <Table.Th>Setting or score</Table.Th>
        {comparison.versions.map(({ id, reference, aliases }) => (
          <Table.Th key={id} ta="right">
            <TextLink size="sm" to="/models/$versionId" params={{ versionId: id }} search={{}}>
              {reference}
            </TextLink>
            <Text size="xs" c="dimmed" fw={400}>
              {aliases.join(", ")}
            </Text>
          </Table.Th>
        ))}
      </Table.Tr>
    </Table.Thead>
  );
}
