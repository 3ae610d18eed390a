import { Stack, Table, Text } from "@mantine/core";
import type { ComparedScore, FederationRecord, RunComparison } from "@/api";
import { SiteMark } from "@/components/SiteMark";
import { formatP, SIGNIFICANCE_MARK } from "@/lib/comparison";
import { siteLook } from "@/lib/sites";
import { mostWidth, RunHeads } from "./RunHeads";
import { isSignificant } from "./runComparison";

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
        <Table data-testid="compared-scores" highlightOnHover={false} maw={mostWidth(comparison)}>
          <RunHeads comparison={comparison} first="Site" />
          <Table.Tbody>
            {comparison.rows.map((row) => {
              return (
                <Table.Tr key={row.site_slug ?? ""}>
                  <Table.Th scope="row" fw={row.site_slug === null ? 600 : 400}>
                    {row.site_slug === null ? (
                      "All that train in every run"
                    ) : (
                      <SiteMark {...siteLook(row.site_slug, federation)} />
                    )}
                  </Table.Th>
                  {row.scores.map((score, index) => (
                    <Score key={comparison.runs[index]?.run.id} score={score} />
                  ))}
                </Table.Tr>
              );
            })}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
      <Text size="xs" c="dimmed">
        {comparison.structure ?? "Mean over structures"}
        {unit}; means over test cases, the best of a row in bold, of those over the same cases. Below: the difference
        from the first run over the cases that both have, with its 95 % interval; {SIGNIFICANCE_MARK} p {"<"} 0.05 by{" "}
        {comparison.test}.
      </Text>
    </Stack>
  );
}

function Score({ score }: { score: ComparedScore }) {
  const tip =
    score.difference === null
      ? `${score.num_cases} cases`
      : `${score.num_pairs} cases that both have, ${formatP(score.p_holm)} (adjusted)`;
  return (
    <Table.Td ta="right" title={tip} style={{ verticalAlign: "top" }}>
      <Text size="sm" span fw={score.best ? 700 : undefined} c={score.lacks ? "dimmed" : undefined}>
        {score.text}
      </Text>
      {score.lacks && (
        <Text size="xs" c="light-dark(var(--mantine-color-orange-9), var(--mantine-color-orange-4))">
          {score.lacks}
        </Text>
      )}
      {score.difference !== null && (
        <Text size="xs" c="dimmed" style={{ whiteSpace: "nowrap" }}>
          {score.difference_text}
          {isSignificant(score) && SIGNIFICANCE_MARK} {score.interval_text}
        </Text>
      )}
    </Table.Td>
  );
}
