import { Card, Stack, Table, Text, Title, UnstyledButton } from "@mantine/core";
import type { RunRecord, SelectorResult } from "@/api";
import { formatPercent } from "@/lib/format";
import { runName } from "./runChoice";
import type { Update } from "./useResultsSearch";

interface Props {
  selectors: SelectorResult[];
  runs: RunRecord[];
  shown: string;
  update: Update;
}

/** The runs whose accuracy is best as it is printed, of those over the most cases; none where nothing is left to compare. */
function bestAsPrinted(selectors: SelectorResult[]): Set<string> {
  const most = Math.max(...selectors.map((selector) => selector.num_cases));
  const compared = selectors.filter((selector) => selector.num_cases === most && selector.accuracy !== null);
  const largest = formatPercent(Math.max(...compared.map((selector) => selector.accuracy ?? 0)), 1);
  const best = compared.filter((selector) => formatPercent(selector.accuracy, 1) === largest);
  return new Set(best.length < compared.length ? best.map((selector) => selector.run_id) : []);
}

/** Selectors side by side, where an experiment has several; a row opens its run below. */
export function SelectorOverview({ selectors, runs, shown, update }: Props) {
  const rows = selectors.flatMap((selector) => {
    const run = runs.find((entry) => entry.id === selector.run_id);
    return run ? [{ selector, run }] : [];
  });
  if (rows.length < 2) return null;
  const best = bestAsPrinted(selectors);
  return (
    <Card withBorder data-testid="selector-overview">
      <Stack gap="sm">
        <Title order={3} size="h4">
          Model selectors of all runs
        </Title>
        <Table.ScrollContainer minWidth={560}>
          <Table verticalSpacing={6}>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>Run</Table.Th>
                <Table.Th ta="right" style={{ whiteSpace: "nowrap" }}>
                  Right site named ↑
                </Table.Th>
                <Table.Th ta="right" style={{ whiteSpace: "nowrap" }}>
                  To the global model
                </Table.Th>
                <Table.Th ta="right" style={{ whiteSpace: "nowrap" }}>
                  Test cases
                </Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {rows.map(({ selector, run }) => (
                <Table.Tr key={run.id} bg={run.id === shown ? "var(--mantine-primary-color-light)" : undefined}>
                  <Table.Td>
                    <UnstyledButton
                      fz="sm"
                      c="var(--mantine-color-anchor)"
                      aria-current={run.id === shown}
                      onClick={() => update({ detail: run.id, gamma: undefined })}
                    >
                      {runName(run, runs)}
                    </UnstyledButton>
                  </Table.Td>
                  <Table.Td ta="right" fw={best.has(selector.run_id) ? 700 : 400}>
                    {formatPercent(selector.accuracy, 1)}
                  </Table.Td>
                  <Table.Td ta="right">{formatPercent(selector.share_global, 1)}</Table.Td>
                  <Table.Td ta="right">{selector.num_cases}</Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
        <Text size="xs" c="dimmed">
          Of the sites that train. The most probable site counts, whether or not its model was then used.
        </Text>
      </Stack>
    </Card>
  );
}
