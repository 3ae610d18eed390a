import { Alert, Button, Card, List, Stack, Table, Text, Title } from "@mantine/core";
import { IconAlertTriangle, IconPlayerPlay } from "@tabler/icons-react";
import {
  type ConfigCheckResult,
  type ExperimentConfig,
  type FederationRecord,
  type FieldProblem,
  formPath,
  problemText,
} from "@/api";
import { plural } from "@/lib/format";
import { differences } from "@/lib/schema";
import { strategyName } from "@/lib/words";
import { DryRun } from "./DryRun";

interface Props {
  federation: FederationRecord;
  config: ExperimentConfig;
  standard: ExperimentConfig;
  check: ConfigCheckResult | undefined;
  problems: readonly FieldProblem[];
  named: boolean;
  pending: boolean;
  onCreate: () => void;
}

/** What will happen, what differs from the defaults, and what stands in the way. */
export function Review({ federation, config, standard, check, problems, named, pending, onCreate }: Props) {
  const { strategies: _chosen, ...rest } = config;
  const { strategies: _all, ...restStandard } = standard;
  const changed = differences(rest, restStandard);
  const ready = named && problems.length === 0 && config.strategies.length > 0;
  return (
    <Card withBorder style={{ position: "sticky", top: 76 }}>
      <Stack gap="sm">
        <Title order={2} size="h4">
          Review
        </Title>
        <Text size="sm">
          {config.strategies.map((strategy) => strategyName(strategy.name)).join(", ") || "No method chosen"}
          {check && problems.length === 0 && (
            <>
              : {plural(check.num_runs, "run")} on {plural(check.num_sites, "site")} with data
            </>
          )}
        </Text>
        {changed.length === 0 ? (
          <Text size="sm" c="dimmed">
            Everything else is left at its default.
          </Text>
        ) : (
          <Table fz="sm" verticalSpacing={4} withRowBorders={false}>
            <Table.Tbody>
              {changed.map((difference) => (
                <Table.Tr key={difference.path}>
                  <Table.Td pl={0}>{difference.path}</Table.Td>
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
        )}
        {problems.length > 0 && (
          <Alert color="red" icon={<IconAlertTriangle aria-hidden />} title={plural(problems.length, "problem")}>
            <List size="sm" spacing={4}>
              {problems.map((problem) => (
                <List.Item key={`${problem.field} ${problem.message}`}>
                  <b>{formPath(problem.field)}</b>: {problemText(problem)}
                </List.Item>
              ))}
            </List>
          </Alert>
        )}
        <DryRun federation={federation} config={config} ready={problems.length === 0 && config.strategies.length > 0} />
        {!named && (
          <Text size="sm" c="dimmed">
            Give the experiment a name to start it.
          </Text>
        )}
        <Button
          type="submit"
          disabled={!ready}
          loading={pending}
          leftSection={<IconPlayerPlay size={16} aria-hidden />}
        >
          Create and start
        </Button>
        <Button variant="default" disabled={!ready || pending} onClick={onCreate}>
          Create without starting
        </Button>
      </Stack>
    </Card>
  );
}
