import { Table } from "@mantine/core";
import type { ComparedRun, RunComparison } from "@/api";
import { formatBytes, formatDateTime, formatSeconds } from "@/lib/format";
import { mostWidth, RunHeads } from "./RunHeads";

const ROWS: readonly { label: string; text: (entry: ComparedRun) => string }[] = [
  { label: "Time from start to end", text: (entry) => formatSeconds(entry.seconds) },
  { label: "Sent by the sites", text: (entry) => formatBytes(entry.bytes_up) },
  { label: "Received by the sites", text: (entry) => formatBytes(entry.bytes_down) },
  {
    label: "Best round",
    text: ({ run }) => (run.best_round === null ? "–" : `${run.best_round} of ${run.num_rounds}`),
  },
  { label: "Started", text: ({ run }) => (run.started_at ? formatDateTime(run.started_at) : "–") },
];

export function ComparedCosts({ comparison }: { comparison: RunComparison }) {
  return (
    <Table.ScrollContainer minWidth={500}>
      <Table fz="sm" verticalSpacing={6} maw={mostWidth(comparison)}>
        <RunHeads comparison={comparison} first="" />
        <Table.Tbody>
          {ROWS.map(({ label, text }) => (
            <Table.Tr key={label}>
              <Table.Th scope="row" fw={400}>
                {label}
              </Table.Th>
              {comparison.runs.map((entry) => (
                <Table.Td key={entry.run.id} ta="right">
                  {text(entry)}
                </Table.Td>
              ))}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}
