import { Table, Text } from "@mantine/core";
import type { RunComparison } from "@/api";
import { TextLink } from "@/components/links";
import { modelName } from "@/lib/words";
import { runTitles } from "./runComparison";

/** Of a table with a column a run, in pixels: what stands further apart is hard to read across. */
export function mostWidth({ runs }: RunComparison): number {
  return 300 * (1 + runs.length);
}

/** One head a run, which leads to it. */
export function RunHeads({ comparison, first }: { comparison: RunComparison; first: string }) {
  const titles = runTitles(comparison);
  return (
    <Table.Thead>
      <Table.Tr>
        <Table.Th style={{ verticalAlign: "bottom" }}>{first}</Table.Th>
        {comparison.runs.map(({ run, model }, index) => (
          <Table.Th key={run.id} ta="right" style={{ minWidth: 150, maxWidth: 260, overflowWrap: "anywhere" }}>
            <TextLink
              size="sm"
              to="/experiments/$experimentId"
              params={{ experimentId: run.experiment_id }}
              search={{ run: run.id }}
            >
              {titles[index]?.name}
            </TextLink>
            <Text size="xs" c="dimmed" fw={400}>
              {titles[index]?.experiment ?? modelName(model)}
            </Text>
          </Table.Th>
        ))}
      </Table.Tr>
    </Table.Thead>
  );
}
