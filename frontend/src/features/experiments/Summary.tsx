import { Button, Card, Stack, Text, Title } from "@mantine/core";
import type { ConfigCheckResult, ExperimentConfig, FederationRecord, FieldProblem, SweepPlan } from "@/api";
import { plural } from "@/lib/format";
import type { Difference } from "@/lib/schema";
import { strategyName } from "@/lib/words";
import { Changes } from "./Changes";
import { Problems } from "./Problems";
import { sweptWords } from "./sweepWords";

interface Props {
  federation: FederationRecord;
  config: ExperimentConfig;
  changes: readonly Difference[];
  check: ConfigCheckResult | undefined;
  problems: readonly FieldProblem[];
  sweep: SweepPlan | undefined;
  onReview: () => void;
}

/** Maximum number that is listed; the others are counted, because the card does not scroll. */
const MAX_LISTED = 8;
const MAX_PROBLEMS = 3;

/** What is set up so far, shown next to every step. */
export function Summary({ federation, config, changes, check, problems, sweep, onReview }: Props) {
  return (
    <Card withBorder style={{ position: "sticky", top: 76 }}>
      <Stack gap="sm">
        <Title order={2} size="h4">
          So far
        </Title>
        <Text size="sm">
          {[...new Set(config.strategies.map(({ name }) => strategyName(name)))].join(", ") || "No method chosen"}
          {check && problems.length === 0 && !sweep && (
            <>
              : {plural(check.num_runs, "run")} on {plural(check.num_sites, "site")} with data
            </>
          )}
        </Text>
        {sweep && (
          <Text size="sm" data-testid="sweep-count">
            The sweep makes {sweptWords(sweep)}.
          </Text>
        )}
        <Changes changes={changes.slice(0, MAX_LISTED)} strategies={config.strategies} federation={federation} />
        {changes.length > MAX_LISTED && (
          <Text size="xs" c="dimmed">
            {changes.length - MAX_LISTED} more: see the review.
          </Text>
        )}
        <Problems problems={problems} strategies={config.strategies} most={MAX_PROBLEMS} />
        {check && check.warnings.length > 0 && (
          <Text size="sm" c="dimmed">
            {plural(check.warnings.length, "warning")}: see the review.
          </Text>
        )}
        <Button variant="light" onClick={onReview}>
          Review
        </Button>
      </Stack>
    </Card>
  );
}
