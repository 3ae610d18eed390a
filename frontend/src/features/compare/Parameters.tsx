import { Switch, Table, Text } from "@mantine/core";
import type { RunComparison } from "@/api";
import { mostWidth, RunHeads } from "./RunHeads";
import { parameterTitle, shownParameters } from "./runComparison";

interface Props {
  comparison: RunComparison;
  all: boolean;
  onAll: (all: boolean) => void;
}

/** The settings that differ between the runs; all of them where somebody wants to see what is equal. */
export function Parameters({ comparison, all, onAll }: Props) {
  const shown = shownParameters(comparison, all);
  return (
    <>
      <Switch
        size="sm"
        label="Equal settings too"
        checked={all}
        onChange={(event) => onAll(event.currentTarget.checked)}
      />
      {shown.length === 0 ? (
        <Text size="sm" c="dimmed">
          Nothing was set otherwise: the runs repeat each other.
        </Text>
      ) : (
        <Table.ScrollContainer minWidth={500}>
          <Table data-testid="parameters" fz="sm" verticalSpacing={6} maw={mostWidth(comparison)}>
            <RunHeads comparison={comparison} first="Setting" />
            <Table.Tbody>
              {shown.map((parameter) => (
                <Table.Tr key={parameter.path}>
                  <Table.Th scope="row" fw={400}>
                    {parameterTitle(parameter.path)}
                    <Text size="xs" c="dimmed">
                      {parameter.path}
                    </Text>
                  </Table.Th>
                  {parameter.values.map((value, index) => (
                    <Table.Td
                      key={comparison.runs[index]?.run.id}
                      ta="right"
                      fw={parameter.differs && value !== parameter.values[0] ? 600 : undefined}
                      c={value === null || !parameter.differs ? "dimmed" : undefined}
                    >
                      {value ?? <span title="The method or network has no such setting">–</span>}
                    </Table.Td>
                  ))}
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
    </>
  );
}
