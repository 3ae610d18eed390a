import { Group, Slider, Stack, Text, useComputedColorScheme } from "@mantine/core";
import { useMemo, useState } from "react";
import type { RunSelector, SelectorGroup } from "@/api";
import { Chart } from "@/components/Chart";
import { formatDifference, formatScore, metricTitle } from "@/lib/metrics";
import { bestRange, formatGamma, nearestPoint, pointWords, routingWords } from "@/lib/selector";
import type { ExperimentSearch } from "@/lib/urlState";
import { Figure } from "./Figure";
import { GRID, sweepOption } from "./sweepOption";
import type { Update } from "./useResultsSearch";

interface Props {
  selector: RunSelector;
  group: SelectorGroup;
  search: ExperimentSearch;
  update: Update;
}

/** The super model at every threshold, from stored scores: nothing is predicted anew. */
export function GammaSweep({ selector, group, search, update }: Props) {
  const dark = useComputedColorScheme("light") === "dark";
  const { sweep } = group;
  const ranAt = nearestPoint(sweep, selector.gamma);
  const [dragged, setDragged] = useState<number | null>(null);
  const at = dragged ?? nearestPoint(sweep, search.gamma ?? selector.gamma);
  const option = useMemo(() => sweepOption(selector, sweep, at, ranAt, dark), [selector, sweep, at, ranAt, dark]);
  const point = sweep[at];
  if (!point) return null;
  const best = bestRange(sweep, selector.metric);
  return (
    <Stack gap="sm" data-testid="gamma-sweep">
      <div>
        <Text size="sm" fw={500}>
          The super model at any threshold γ
        </Text>
        <Text size="xs" c="dimmed">
          A case goes to the most probable site's model if that probability is above γ, else to the global model.
        </Text>
      </div>
      <Readout {...{ selector, group }} at={at} ranAt={ranAt} />
      <div>
        <Chart
          option={option}
          height={230}
          label={`${metricTitle(selector.metric)} of the super model and share of cases sent to the global model, by gamma`}
        />
        <div style={{ paddingLeft: GRID.left, paddingRight: GRID.right }}>
          <Slider
            min={0}
            max={sweep.length - 1}
            step={1}
            value={at}
            onChange={setDragged}
            onChangeEnd={(index) => {
              setDragged(null);
              update({ gamma: index === ranAt ? undefined : sweep[index]?.gamma });
            }}
            label={(index) => `γ = ${formatGamma(sweep[index]?.gamma ?? 0)}`}
            thumbLabel="Threshold gamma"
            thumbValueText={(index) => pointWords(sweep[index] ?? point, selector.metric)}
            marks={[{ value: ranAt }]}
            styles={{ trackContainer: { paddingInline: 0 }, root: { paddingInline: 0 } }}
          />
        </div>
      </div>
      <Text size="xs" c="dimmed" maw={1080}>
        {best && (
          <>
            On these test cases the best is {formatScore(best.mean, selector.metric)}, at γ ={" "}
            {best.low === best.high ? formatGamma(best.low) : `${formatGamma(best.low)} to ${formatGamma(best.high)}`}.
            A threshold chosen on the test cases flatters itself: choose it on validation cases.{" "}
          </>
        )}
        {selector.routing === "soft" &&
          "This run mixes the models by the selector's probabilities (soft routing): the line is what choosing one of them would have given."}
      </Text>
    </Stack>
  );
}

function Readout(props: { selector: RunSelector; group: SelectorGroup; at: number; ranAt: number }) {
  const { selector, group, at, ranAt } = props;
  const [point, ran] = [group.sweep[at], group.sweep[ranAt]];
  if (!point) return null;
  const change = point.mean !== null && group.mean !== null ? point.mean - group.mean : null;
  const isRun = at === ranAt && selector.routing === "hard";
  return (
    <Group gap={40} data-testid="gamma-readout">
      <Figure
        value={`γ = ${formatGamma(point.gamma)}`}
        label={isRun ? "as the run had it" : `the run: γ = ${formatGamma(selector.gamma)}`}
      />
      <Figure
        value={formatScore(point.mean, selector.metric)}
        label={
          isRun || change === null
            ? metricTitle(selector.metric)
            : `${metricTitle(selector.metric)}, ${formatDifference(change, selector.metric)} against the run's ${formatScore(group.mean, selector.metric)}`
        }
      />
      <Figure
        value={`${Math.round(point.share_global * 100)} %`}
        label={`to the global model: ${routingWords(point, group.num_cases)}${isRun || !ran ? "" : ` (the run: ${Math.round(ran.share_global * 100)} %)`}`}
      />
    </Group>
  );
}
