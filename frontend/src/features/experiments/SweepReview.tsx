import { Badge, Group, ScrollArea, Stack, Table, Text, Title } from "@mantine/core";
import type { SweepPlan } from "@/api";
import { plural } from "@/lib/format";
import { sweptWords } from "./sweepWords";

/** Pixels: 32 experiments scroll in their own frame, so that the buttons stay near. */
const MAX_HEIGHT = 360;

/** The experiments of a grid, and how many runs and rounds they are in all. */
export function SweepReview({ plan }: { plan: SweepPlan }) {
  return (
    <Stack gap="xs">
      <Title order={3} size="h5">
        Sweep: {sweptWords(plan)}
      </Title>
      <Text size="sm" c="dimmed">
        {plan.experiments.length > 1
          ? "A setting that all methods share makes more experiments; a method's setting makes more methods of one."
          : "A method's setting makes more methods of one experiment."}
      </Text>
      <ScrollArea.Autosize mah={MAX_HEIGHT} type="auto" viewportProps={{ tabIndex: 0, "aria-label": "Experiments" }}>
        <Table fz="sm" verticalSpacing={4} aria-label="Experiments of the sweep">
          <Table.Thead>
            <Table.Tr>
              <Table.Th pl={0}>{plan.experiments.length > 1 ? "Experiment" : "The experiment"}</Table.Th>
              <Table.Th>Methods</Table.Th>
              <Table.Th ta="right">Runs</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {plan.experiments.map((experiment) => (
              <Table.Tr key={experiment.name}>
                <Table.Td pl={0} style={{ overflowWrap: "break-word" }}>
                  {experiment.label || experiment.name}
                  {experiment.problems.length > 0 && (
                    <Text size="xs" c="red">
                      {plural(experiment.problems.length, "problem")}
                    </Text>
                  )}
                </Table.Td>
                <Table.Td>
                  <Group gap={4}>
                    {experiment.methods.map((label) => (
                      <Badge key={label} variant="default" size="sm" tt="none" maw={260} title={label}>
                        {label}
                      </Badge>
                    ))}
                  </Group>
                </Table.Td>
                <Table.Td ta="right">{experiment.num_runs}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </ScrollArea.Autosize>
    </Stack>
  );
}
