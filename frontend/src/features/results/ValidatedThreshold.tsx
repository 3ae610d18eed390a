import { Alert, Button, Group, Text } from "@mantine/core";
import type { FederationRecord, RunSelector } from "@/api";
import { Allowed } from "@/components/Allowed";
import { LinkButton } from "@/components/links";
import { plural } from "@/lib/format";
import { formatScore } from "@/lib/metrics";
import { siteName } from "@/lib/sites";
import { formatGamma } from "./selector";
import type { Update } from "./useResultsSearch";

interface Props {
  selector: RunSelector;
  federation: FederationRecord;
  update: Update;
}

/** Scores that differ by less differ by rounding alone. */
const ROUNDING = 1e-9;

/** The threshold that validation cases choose. Test cases have no part in it, so that the test may score it. */
export function ValidatedThreshold({ selector, federation, update }: Props) {
  const best = selector.validation;
  if (!best) {
    if (selector.routing !== "hard") return null;
    return (
      <Text size="sm" c="dimmed">
        No validation cases say which threshold is the best: the sites have none, or keep what they say.
      </Text>
    );
  }
  const isAsGood = best.dice_as_run !== null && best.dice_as_run >= best.dice - ROUNDING;
  const names = (slugs: string[]) => slugs.map((slug) => siteName(federation, slug)).join(", ");
  return (
    <Alert variant="light" p="sm" data-testid="validated-threshold">
      <Group justify="space-between" gap="sm">
        <div style={{ flex: 1, minWidth: 320 }}>
          <Text size="sm" fw={500}>
            {isAsGood
              ? `On validation cases the run's γ = ${formatGamma(selector.gamma)} is as good as any: Dice ${formatScore(best.dice, "dice")}`
              : `On validation cases the best is γ = ${formatGamma(best.gamma)}: Dice ${formatScore(best.dice, "dice")}`}
            {isAsGood && best.gamma !== selector.gamma && `; the middle of the best ones is ${formatGamma(best.gamma)}`}
            {!isAsGood &&
              best.dice_as_run !== null &&
              `, and ${formatScore(best.dice_as_run, "dice")} at the run's ${formatGamma(selector.gamma)}`}
          </Text>
          <Text size="xs" c="dimmed">
            Mean over structures of {plural(best.num_cases, "validation case")} of{" "}
            {best.absent_sites.length === 0
              ? "all sites that train"
              : `${names(best.sites)}; nothing from ${names(best.absent_sites)}`}
            , round {selector.round}. No test case has a part in the choice.
          </Text>
        </div>
        <Group gap="xs">
          <Button size="xs" variant="default" onClick={() => update({ gamma: best.gamma })}>
            Look at it below
          </Button>
          {selector.checkpoint === "best" && best.gamma !== selector.gamma && (
            <Allowed permission="run_experiments" federationId={federation.id}>
              <LinkButton
                size="xs"
                variant={isAsGood ? "default" : "filled"}
                to="/runs/$runId/model"
                params={{ runId: selector.run_id }}
                search={{ threshold: "validation" }}
              >
                Use this
              </LinkButton>
            </Allowed>
          )}
        </Group>
      </Group>
    </Alert>
  );
}
