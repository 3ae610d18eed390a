import { Table, Text, Tooltip } from "@mantine/core";
import type { ExperimentResults, FederationRecord, ResultCell, RunRecord } from "@/api";
import { TextLink } from "@/components/links";
import { SiteMark } from "@/components/SiteMark";
import { formatDice, plural } from "@/lib/format";
import { resultTable } from "@/lib/results";
import { modelName } from "@/lib/words";

interface Props {
  results: ExperimentResults;
  structure: string | null;
  federation: FederationRecord;
  runs: RunRecord[];
}

export function ResultsTable({ results, structure, federation, runs }: Props) {
  const table = resultTable(results, structure);
  return (
    <Table.ScrollContainer minWidth={700}>
      <Table data-testid="results-table">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Method</Table.Th>
            <Table.Th>Model</Table.Th>
            {table.columns.map((slug) => (
              <Table.Th key={slug ?? "all"} ta="right">
                <ColumnHead slug={slug} federation={federation} />
              </Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {table.rows.map((row, index) => (
            <Table.Tr key={row.key}>
              <Table.Td fw={row.strategyLabel === table.rows[index - 1]?.strategyLabel ? 400 : 500}>
                {row.strategyLabel !== table.rows[index - 1]?.strategyLabel && (
                  <Method label={row.strategyLabel} runs={runs} />
                )}
              </Table.Td>
              <Table.Td>{modelName(row.model)}</Table.Td>
              {row.cells.map((cell, column) => (
                <Table.Td key={table.columns[column] ?? "all"} ta="right">
                  <Score cell={cell} best={table.best[column]?.has(index) ?? false} />
                </Table.Td>
              ))}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

/** The method's name, which leads to the cases of its first finished run. */
function Method({ label, runs }: { label: string; runs: RunRecord[] }) {
  const run = runs.find((entry) => entry.strategy_label === label && entry.status === "completed");
  if (!run) return <>{label}</>;
  return (
    <TextLink
      size="sm"
      to="/runs/$runId/cases"
      params={{ runId: run.id }}
      search={{}}
      title={`Look at the cases of ${label}`}
    >
      {label}
    </TextLink>
  );
}

function ColumnHead({ slug, federation }: { slug: string | null; federation: FederationRecord }) {
  if (slug === null) return <>All sites</>;
  const site = federation.sites.find((entry) => entry.slug === slug);
  return (
    <div style={{ display: "inline-flex" }}>
      <SiteMark position={site?.position ?? 0} name={site?.name ?? slug} />
    </div>
  );
}

function Score({ cell, best }: { cell: ResultCell | undefined; best: boolean }) {
  if (!cell) return <Text c="dimmed">–</Text>;
  const missing = cell.num_missing > 0 ? `, ${cell.num_missing} without the structure` : "";
  const hint = `${plural(cell.num_cases, "case")}${missing}, ${plural(cell.num_seeds, "seed")}${best ? ", best of the column" : ""}`;
  return (
    <Tooltip label={hint}>
      <Text span size="sm" fw={best ? 700 : 400} c={best ? undefined : "dimmed"}>
        {formatDice(cell.mean)}
        {cell.std !== null && ` ± ${cell.std.toFixed(3)}`}
      </Text>
    </Tooltip>
  );
}
