import { Table, Text } from "@mantine/core";
import type { ExperimentConfig, FederationRecord } from "@/api";
import { describePath } from "@/lib/fieldNames";
import type { Difference } from "@/lib/schema";
import { settingText } from "@/lib/sites";

interface Props {
  changes: readonly Difference[];
  strategies: ExperimentConfig["strategies"];
  federation: FederationRecord;
  /** What they differ from. */
  standard?: "default" | "original";
}

/** What is not as it is by default or in the original, in words and as the path that a file has. */
export function Changes({ changes, strategies, federation, standard = "default" }: Props) {
  if (changes.length === 0) {
    return (
      <Text size="sm" c="dimmed">
        Every setting is at its default.
      </Text>
    );
  }
  return (
    <Table fz="sm" verticalSpacing={4} withRowBorders={false} aria-label={`Settings that differ from the ${standard}s`}>
      <Table.Tbody>
        {changes.map((difference) => (
          <Table.Tr key={difference.path}>
            <Table.Td pl={0} style={{ overflowWrap: "anywhere" }}>
              {describePath(difference.path, strategies)}
              <Text size="xs" c="dimmed">
                {difference.path}
              </Text>
            </Table.Td>
            <Table.Td style={{ overflowWrap: "anywhere" }}>
              <b>{settingText(federation, difference.path, difference.value)}</b>{" "}
              <Text span c="dimmed" size="xs">
                {standard} {settingText(federation, difference.path, difference.default)}
              </Text>
            </Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}
