import { Table, Text } from "@mantine/core";
import type { ExperimentConfig } from "@/api";
import { humanize } from "@/lib/format";
import { differences } from "@/lib/schema";

/** What is not at its default; the methods are listed apart. */
export function Changes({ config, standard }: { config: ExperimentConfig; standard: ExperimentConfig }) {
  const { strategies: _chosen, ...rest } = config;
  const { strategies: _all, ...restStandard } = standard;
  const changed = differences(rest, restStandard);
  if (changed.length === 0) {
    return (
      <Text size="sm" c="dimmed">
        Everything else is left at its default.
      </Text>
    );
  }
  return (
    <Table fz="sm" verticalSpacing={4} withRowBorders={false} aria-label="Settings that differ from the defaults">
      <Table.Tbody>
        {changed.map((difference) => (
          <Table.Tr key={difference.path}>
            <Table.Td pl={0}>
              {humanize(difference.path.split(".").at(-1) ?? difference.path)}
              <Text size="xs" c="dimmed">
                {difference.path}
              </Text>
            </Table.Td>
            <Table.Td>
              <b>{difference.value}</b>{" "}
              <Text span c="dimmed" size="xs">
                not {difference.default}
              </Text>
            </Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}
