import { Card, Group, SegmentedControl, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import type { ModelSet } from "@/api";
import { plural } from "@/lib/format";
import type { ThresholdChoice } from "./models";
import { modelQuery, validatedThresholdQuery } from "./queries";

const route = getRouteApi("/runs/$runId/model");

/** The threshold of the super model for everything that is done on the page; nothing where there is no choice. */
export function ThresholdBar({ set }: { set: ModelSet }) {
  const { threshold = "run" } = route.useSearch();
  const navigate = route.useNavigate();
  const isHard = set.strategy.name === "fedsm" && set.strategy.routing !== "soft" && set.strategy.routing !== "quality";
  const best = useQuery({ ...validatedThresholdQuery(set.run_id), enabled: isHard }).data;
  const ofRun = useQuery({ ...modelQuery(set.run_id), enabled: isHard }).data?.strategy;
  if (!best || ofRun?.name !== "fedsm") return null;
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
            { value: "run", label: `γ = ${ofRun.gamma}, the run's` },
            { value: "validation", label: `γ = ${best.gamma}, best on validation` },
          ]}
        />
      </Group>
    </Card>
  );
}
