import { Button, Card, Stack, Text, Title } from "@mantine/core";
import type { ConfigCheckResult, ExperimentConfig, FieldProblem } from "@/api";
import { plural } from "@/lib/format";
import { strategyName } from "@/lib/words";
import { Changes } from "./Changes";
import { Problems } from "./Problems";

interface Props {
  config: ExperimentConfig;
  standard: ExperimentConfig;
  check: ConfigCheckResult | undefined;
  problems: readonly FieldProblem[];
  onReview: () => void;
}

/** Beside every step: what is set up so far. */
export function Summary({ config, standard, check, problems, onReview }: Props) {
  return (
    <Card withBorder style={{ position: "sticky", top: 76 }}>
      <Stack gap="sm">
        <Title order={2} size="h4">
          So far
        </Title>
        <Text size="sm">
          {config.strategies.map((strategy) => strategyName(strategy.name)).join(", ") || "No method chosen"}
          {check && problems.length === 0 && (
            <>
              : {plural(check.num_runs, "run")} on {plural(check.num_sites, "site")} with data
            </>
          )}
        </Text>
        <Changes config={config} standard={standard} />
        <Problems problems={problems} />
        <Button variant="light" onClick={onReview}>
          Review
        </Button>
      </Stack>
    </Card>
  );
}
