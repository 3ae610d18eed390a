import { Stack, Table, Text } from "@mantine/core";
import type { ComparedScore, FederationRecord, RunComparison } from "@/api";
import { SiteMark } from "@/components/SiteMark";
import { formatP, SIGNIFICANCE_MARK } from "@/lib/comparison";
import { formatDifference, formatScore } from "@/lib/metrics";
import { bestOf, isSignificant } from "@/lib/runComparison";
import { RunHeads } from "./RunHeads";

interface Props {
  comparison: RunComparison;
  federation: FederationRecord;
}

/** Sites x runs: the mean of each, and its difference from the first. */
export function ComparedScores({ comparison, federation }: Props) {
  const unit = comparison.unit ? ` in ${comparison.unit}` : "";
  return (
    <Stack gap="xs">
      <Table.ScrollContainer minWidth={500}>
        <Table data-testid="compared-scores" highlightOnHover={false}>
          <RunHeads comparison={comparison} first="Site" />
          <Table.Tbody>
            {comparison.rows.map((row) => {
              const site = federation.sites.find((entry) => entry.slug === row.site_slug);
              const best = bestOf(row.scores, comparison.metric);
              return (
                <Table.Tr key={row.site_slug ?? ""}>
                  <Table.Th scope="row" fw={row.site_slug === null ? 600 : 400}>
                    {site ? (
                      <SiteMark position={site.position} name={site.name} />
                    ) : (
                      (row.site_slug ?? "All that train in every run")
                    )}
                  </Table.Th>
                  {row.scores.map((score, index) => (
                    <Score
                      key={comparison.runs[index]?.run.id}
                      score={score}
                      isBest={index === best}
                      metric={comparison.metric}
                    />
                  ))}
                </Table.Tr>
              );
            })}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
      <Text size="xs" c="dimmed">
        {comparison.structure ?? "Mean over structures"}
        {unit}; means over test cases, the best of a row in bold. Below: the difference from the first run over the
        cases that both have, with its 95 % interval; {SIGNIFICANCE_MARK} p {"<"} 0.05 by {comparison.test}.
      </Text>
    </Stack>
  );
}

function Score(props: { score: ComparedScore; isBest: boolean; metric: RunComparison["metric"] }) {
  const { score, isBest, metric } = props;
  const tip =
    score.difference === null
      ? `${score.num_cases} cases`
      : `${score.num_pairs} cases that both have, ${formatP(score.p_holm)} (adjusted)`;
  return (
    <Table.Td ta="right" title={tip} style={{ verticalAlign: "top" }}>
      <Text size="sm" span fw={isBest ? 700 : undefined}>
        {formatScore(score.mean, metric)}
      </Text>
      {score.difference !== null && (
        <Text size="xs" c="dimmed">
          {formatDifference(score.difference, metric)}
          {isSignificant(score) && SIGNIFICANCE_MARK}
          {score.low !== null && score.high !== null && (
            <>
              {" "}
              ({formatDifference(score.low, metric)} to {formatDifference(score.high, metric)})
            </>
          )}
        </Text>
      )}
    </Table.Td>
  );
}
