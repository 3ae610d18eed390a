import { Group, NumberInput, Slider, Stack, Text, useComputedColorScheme } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useMemo, useState } from "react";
import type { FederationRecord, RunSelector, SelectorCases, SelectorGroup, SweepPoint } from "@/api";
import { Chart } from "@/components/Chart";
import { formatDifference, formatScore, metricTitle } from "@/lib/metrics";
import { CertaintyBySite } from "./CertaintyBySite";
import { ChangedCases } from "./ChangedCases";
import { Figure } from "./Figure";
import { casesOf, changedCases, references, rescore, sweepOf } from "./rescore";
import type { ResultsSearch } from "./search";
import { bestRange, formatGamma, nearestPoint, pointWords, routingWords, validationCurve } from "./selector";
import { GRID, sweepOption } from "./sweepOption";
import type { Update } from "./useResultsSearch";

interface Props {
  selector: RunSelector;
  cases: SelectorCases;
  group: SelectorGroup;
  federation: FederationRecord;
  search: ResultsSearch;
  update: Update;
}

const CHART_DELAY_MS = 60;

/** The super model at every threshold, scored here from stored scores: nothing is asked and nothing predicted anew. */
export function GammaSweep({ selector, cases, group, federation, search, update }: Props) {
  const dark = useComputedColorScheme("light") === "dark";
  const gammas = useMemo(() => group.sweep.map((point) => point.gamma), [group]);
  const wanted = useMemo(() => casesOf(cases, group.site_slug), [cases, group.site_slug]);
  const sweep = useMemo(() => sweepOf(cases, wanted, gammas), [cases, wanted, gammas]);
  const ranAt = nearestPoint(sweep, selector.gamma);
  const [dragged, setDragged] = useState<number | null>(null);
  const gamma = dragged ?? search.gamma ?? selector.gamma;
  const at = nearestPoint(sweep, gamma);
  const point = pointOf(cases, wanted, gamma);
  const changed = useMemo(() => changedCases(cases, wanted, gamma), [cases, wanted, gamma]);
  const validation = useMemo(() => validationCurve(selector, group, gammas), [selector, group, gammas]);
  // The readout follows every step; the chart, which is slower to draw, follows when the hand rests.
  const [drawnAt] = useDebouncedValue(at, CHART_DELAY_MS);
  const [drawnGamma] = useDebouncedValue(gamma, CHART_DELAY_MS);
  const option = useMemo(
    () => sweepOption(selector, sweep, drawnAt, ranAt, dark, validation),
    [selector, sweep, drawnAt, ranAt, dark, validation],
  );
  const settle = (next: number) => {
    setDragged(null);
    update({ gamma: next === selector.gamma ? undefined : next });
  };
  const best = bestRange(sweep, selector.metric);
  return (
    <Stack gap="sm" data-testid="gamma-sweep">
      <div>
        <Text size="sm" fw={500}>
          The super model at any threshold γ
        </Text>
        <Text size="xs" c="dimmed">
          A case goes to the most probable site's model if that probability is above γ, else to the global model.
          {validation && " The dashed line is the validation cases' Dice."}
        </Text>
      </div>
      <Readout {...{ selector, cases, wanted, point, group }} />
      <div>
        <Chart
          option={option}
          height={230}
          axisNames={{ x: "γ" }}
          footAbove
          label={`${metricTitle(selector.metric)} of the super model and share of cases sent to the global model, by gamma`}
        />
        <div style={{ paddingLeft: GRID.left, paddingRight: GRID.right }}>
          <Slider
            min={0}
            max={sweep.length - 1}
            step={1}
            value={at}
            onChange={(index) => setDragged(gammas[index] ?? null)}
            onChangeEnd={(index) => settle(index === ranAt ? selector.gamma : (gammas[index] ?? selector.gamma))}
            label={(index) => `γ = ${formatGamma(gammas[index] ?? 0)}`}
            thumbLabel="Threshold gamma"
            thumbValueText={(index) => pointWords(sweep[index] ?? point, selector.metric)}
            marks={[{ value: ranAt }]}
            styles={{ trackContainer: { paddingInline: 0 }, root: { paddingInline: 0 } }}
          />
        </div>
      </div>
      <CertaintyBySite {...{ cases, wanted, federation }} gamma={drawnGamma} />
      <Group align="flex-start" gap="xl">
        <NumberInput
          size="xs"
          w={120}
          label="γ exactly"
          min={0}
          max={1}
          step={0.01}
          decimalScale={6}
          clampBehavior="strict"
          value={gamma}
          onChange={(value) => typeof value === "number" && settle(value)}
        />
        <div style={{ flex: 1, minWidth: 320 }}>
          <ChangedCases cases={cases} changed={changed} federation={federation} />
        </div>
      </Group>
      <Text size="xs" c="dimmed" maw={1080}>
        {best && (
          <>
            On these test cases the best is {formatScore(best.mean, selector.metric)}, at γ ={" "}
            {best.low === best.high ? formatGamma(best.low) : `${formatGamma(best.low)} to ${formatGamma(best.high)}`}.
            A threshold chosen on the test cases flatters itself: take the one that validation cases choose.{" "}
          </>
        )}
        {selector.routing === "soft" &&
          "This run mixes the models by the selector's probabilities (soft routing): the line is what choosing one of them would have given."}
        {selector.routing === "quality" &&
          "This run takes the model of which the best score is expected: the line is what a threshold would have given."}
      </Text>
    </Stack>
  );
}

/** The threshold itself, which may lie between those of the chart. */
function pointOf(cases: SelectorCases, wanted: readonly number[], gamma: number): SweepPoint {
  const { mean, numCases, numGlobal } = rescore(cases, wanted, gamma);
  return { gamma, mean, num_cases: numCases, share_global: numCases === 0 ? 0 : numGlobal / numCases };
}

interface ReadoutProps {
  selector: RunSelector;
  cases: SelectorCases;
  wanted: readonly number[];
  point: SweepPoint;
  group: SelectorGroup;
}

function Readout({ selector, cases, wanted, point, group }: ReadoutProps) {
  const { metric } = selector;
  const bounds = useMemo(() => references(cases, wanted), [cases, wanted]);
  const change = point.mean !== null && group.mean !== null ? point.mean - group.mean : null;
  const isRun = point.gamma === selector.gamma && selector.routing === "hard";
  return (
    <Group gap={40} className="tabular" data-testid="gamma-readout">
      <Figure
        value={`γ = ${formatGamma(point.gamma)}`}
        label={isRun ? "as the run had it" : `the run: γ = ${formatGamma(selector.gamma)}`}
      />
      <Figure
        value={formatScore(point.mean, metric)}
        label={
          isRun || change === null
            ? metricTitle(metric)
            : `${metricTitle(metric)}, ${formatDifference(change, metric)} against the run's ${formatScore(group.mean, metric)}`
        }
      />
      <Figure
        value={`${Math.round(point.share_global * 100)} %`}
        label={`to the global model: ${routingWords(point, wanted.length)}${isRun ? "" : ` (the run: ${Math.round(group.share_global * 100)} %)`}`}
      />
      <Figure value={formatScore(bounds.global, metric)} label="every case by the global model" />
      {bounds.home !== null && (
        <Figure value={formatScore(bounds.home, metric)} label="each by its own site's model (oracle)" />
      )}
    </Group>
  );
}
