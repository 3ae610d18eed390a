import { Card, Group, SegmentedControl, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import type { ModelSet, ThresholdOnValidation } from "@/api";
import { plural } from "@/lib/format";
import type { ThresholdChoice } from "./models";
import { validatedThresholdQuery } from "./queries";

const route = getRouteApi("/runs/$runId/model");

/** Of the super model, for everything that is done on the page. */
export interface ChosenThreshold {
  threshold: ThresholdChoice;
  /** The one that validation cases choose; null where they say nothing. */
  best: ThresholdOnValidation | null;
  /** The address asks for a threshold that is not known yet. */
  isLoading: boolean;
}

/** The address's, but for one that validation was to choose and did not: that is the run's. ofRun: as it predicts. */
export function useChosenThreshold(ofRun: ModelSet): ChosenThreshold {
  const { threshold = "run" } = route.useSearch();
  const { name } = ofRun.strategy;
  const isHard = name === "fedsm" && ofRun.strategy.routing !== "soft" && ofRun.strategy.routing !== "quality";
  const validated = useQuery({ ...validatedThresholdQuery(ofRun.run_id), enabled: isHard });
  const best = validated.data ?? null;
  return { threshold: best ? threshold : "run", best, isLoading: threshold !== "run" && validated.isLoading };
}

interface Props {
  ofRun: ModelSet;
  chosen: ChosenThreshold;
}

/** Nothing where there is no choice. */
export function ThresholdBar({ ofRun, chosen: { threshold, best } }: Props) {
  const navigate = route.useNavigate();
  if (!best || ofRun.strategy.name !== "fedsm") return null;
  const choose = (next: ThresholdChoice) =>
    void navigate({
      search: (old) => ({ ...old, threshold: next === "run" ? undefined : next }),
      replace: true,
      resetScroll: false,
    });
  return (
    <Card withBorder data-testid="threshold-bar">
      <Group justify="space-between">
        <div style={{ flex: 1, minWidth: 320 }}>
          <Text fw={500}>Threshold of the super model</Text>
          <Text size="sm" c="dimmed">
            The scores here have this one, and so has what you download, register, test, export or try on an image. On{" "}
            {plural(best.num_cases, "validation case")} of {plural(best.sites.length, "site")} the best is {best.gamma}.
          </Text>
        </div>
        <SegmentedControl
          aria-label="Threshold of the super model"
          value={threshold}
          onChange={(next) => choose(next as ThresholdChoice)}
          data={[
            { value: "run", label: `γ = ${ofRun.strategy.gamma}, the run's` },
            { value: "validation", label: `γ = ${best.gamma}, best on validation` },
          ]}
        />
      </Group>
    </Card>
  );
}
