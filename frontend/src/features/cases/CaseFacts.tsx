import { Card, Group, Progress, ScrollArea, Stack, Table, Text, Title } from "@mantine/core";
import type { FederationRecord, RunCases, RunRecord, ScoredCase, ScoreName } from "@/api";
import { SiteMark } from "@/components/SiteMark";
import { explainChoice } from "@/lib/explain";
import { formatPercent } from "@/lib/format";
import { formatScore, METRICS, metricTitle } from "@/lib/metrics";
import { choiceName } from "@/lib/otherRuns";
import { siteColour, structureColour } from "@/lib/palette";
import { siteLook, siteName } from "@/lib/sites";
import { modelName } from "@/lib/words";
import { absentSentences } from "./absent";
import { Sizes } from "./Sizes";

interface Props {
  scored: ScoredCase;
  all: RunCases;
  run: RunRecord;
  federation: FederationRecord;
  metric: ScoreName;
  /** The model whose mask is shown. */
  model: string;
  runs: readonly RunRecord[];
  /** Models of other runs that are shown next to it. */
  others: readonly string[];
}

export function CaseFacts(props: Props) {
  return (
    <ScrollArea type="auto" offsetScrollbars="y" viewportProps={{ tabIndex: 0 }}>
      <Stack gap="sm">
        <Routing {...props} />
        <Scores {...props} />
        <Sizes scored={props.scored} model={props.model} structures={props.all.structures} />
      </Stack>
    </ScrollArea>
  );
}

/** A score of every model on this case; the shown one is marked. Below, all scores of the shown one. */
function Scores(props: Props) {
  const { scored, all, federation, model, metric } = props;
  const nameOf = (slug: string) => siteName(federation, slug);
  const models = [...all.models, ...new Set(props.others)].filter((entry) => scored.scores[entry]);
  return (
    <Card withBorder padding="sm">
      <Title order={2} size="h5" mb={4}>
        {metricTitle(metric, scored.distance_unit)}
      </Title>
      <Table fz="xs" verticalSpacing={4} horizontalSpacing={6}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Model</Table.Th>
            {all.structures.map((name, index) => (
              <Table.Th key={name} ta="right">
                <span style={{ borderBottom: `3px solid ${structureColour(index)}` }}>{name}</span>
              </Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {models.map((entry) => (
            <Table.Tr
              key={entry}
              fw={entry === model ? 700 : 400}
              bg={entry === model ? "var(--mantine-primary-color-light)" : undefined}
            >
              <Table.Td>{choiceName(entry, props.runs, nameOf)}</Table.Td>
              {all.structures.map((name) => (
                <Table.Td key={name} ta="right">
                  {formatScore(scored.scores[entry]?.[name]?.[metric], metric)}
                </Table.Td>
              ))}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
      {absentSentences(scored.scores[model] ?? {}).map((sentence) => (
        <Text key={sentence} size="xs" c="dimmed" mt={4} data-testid="absent">
          {sentence}
        </Text>
      ))}
      <AllScores {...props} />
    </Card>
  );
}

function AllScores({ scored, all, federation, model }: Props) {
  const nameOf = (slug: string) => siteName(federation, slug);
  return (
    <>
      <Title order={2} size="h5" mt="sm" mb={4}>
        {modelName(model, nameOf)}
      </Title>
      <Table fz="xs" verticalSpacing={2} horizontalSpacing={6} aria-label="All scores of the model that is shown">
        <Table.Tbody>
          {METRICS.map(({ name: score }) => (
            <Table.Tr key={score}>
              <Table.Td>{metricTitle(score, scored.distance_unit)}</Table.Td>
              {all.structures.map((name) => (
                <Table.Td key={name} ta="right">
                  {formatScore(scored.scores[model]?.[name]?.[score], score)}
                </Table.Td>
              ))}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </>
  );
}

/** What the model selector said, and what the super model made of it. */
function Routing({ scored, run, federation }: Props) {
  const { probabilities, chosen_model: chosen } = scored;
  if (!probabilities) return null;
  const gamma = run.gamma;
  const nameOf = (slug: string) => siteName(federation, slug);
  return (
    <Card withBorder padding="sm">
      <Stack gap="xs">
        <Title order={2} size="h5">
          Which model, and why
        </Title>
        <Text size="sm" data-testid="routing">
          {explainChoice(probabilities, chosen, gamma, nameOf, scored.unlike)}
        </Text>
        {Object.entries(probabilities).map(([slug, probability]) => {
          const { position } = siteLook(slug, federation);
          return (
            <div key={slug}>
              <Group justify="space-between" wrap="nowrap">
                <SiteMark position={position} name={nameOf(slug)} size="xs" />
                <Text size="xs">{formatPercent(probability, 1)}</Text>
              </Group>
              <div style={{ position: "relative" }}>
                <Progress
                  value={Math.round(probability * 1000) / 10}
                  color={siteColour(position)}
                  size="md"
                  aria-label={`Probability of ${nameOf(slug)}`}
                />
                {gamma !== null && <GammaMark gamma={gamma} />}
              </div>
            </div>
          );
        })}
        {gamma !== null && (
          <Text size="xs" c="dimmed">
            The vertical line is γ = {gamma}. The case is from {nameOf(scored.site_slug)}.
          </Text>
        )}
      </Stack>
    </Card>
  );
}

function GammaMark({ gamma }: { gamma: number }) {
  return (
    <div
      aria-hidden
      style={{
        position: "absolute",
        top: -3,
        bottom: -3,
        left: `${gamma * 100}%`,
        width: 2,
        background: "var(--mantine-color-text)",
      }}
    />
  );
}
