import { Table, Text } from "@mantine/core";
import type { MethodEffort } from "@/api";
import { formatBytes, formatCount, formatSeconds } from "@/lib/format";
import { modelName } from "@/lib/words";

/** A report knows no number of runs. */
type Effort = Omit<MethodEffort, "num_runs">;

interface Props {
  efforts: readonly Effort[];
  /** A run's page names no method. */
  withMethod: boolean;
}

/** What a whole training took, model by model. */
export function EffortTable({ efforts, withMethod }: Props) {
  return (
    <Table.ScrollContainer minWidth={620}>
      <Table fz="sm" verticalSpacing={4} aria-label="What training took">
        <Table.Thead>
          <Table.Tr>
            {withMethod && <Table.Th scope="col">Method</Table.Th>}
            <Table.Th scope="col">Model</Table.Th>
            {["Rounds", "Gradient steps", "Steps a round", "Images", "Time", "Traffic"].map((title) => (
              <Table.Th key={title} scope="col" ta="right">
                {title}
              </Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody style={{ fontVariantNumeric: "tabular-nums" }}>
          {efforts.map((effort) => (
            <EffortRow key={`${effort.strategy_label}/${effort.model}`} effort={effort} withMethod={withMethod} />
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

function EffortRow({ effort, withMethod }: { effort: Effort; withMethod: boolean }) {
  const { steps, steps_fewest: fewest, steps_most: most, num_rounds: rounds } = effort;
  const differ = fewest !== null && most !== null && most > fewest;
  const cells = [
    formatCount(rounds),
    formatCount(steps),
    formatCount(steps === null || rounds === 0 ? null : steps / rounds),
    formatCount(effort.images),
    formatSeconds(effort.seconds),
    formatBytes(effort.bytes),
  ];
  return (
    <Table.Tr>
      {withMethod && <Table.Td>{effort.strategy_label}</Table.Td>}
      <Table.Td>{modelName(effort.model)}</Table.Td>
      {cells.map((cell, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: columns keep their place
        <Table.Td key={index} ta="right">
          {cell}
          {index === 1 && differ && (
            <Text size="xs" c="dimmed">
              {formatCount(fewest)} to {formatCount(most)} by site
            </Text>
          )}
        </Table.Td>
      ))}
    </Table.Tr>
  );
}
