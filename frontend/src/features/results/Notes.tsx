import { Stack, Text } from "@mantine/core";
import type { Comparison, ExperimentResults, FederationRecord } from "@/api";
import { formatPairs, hopelessSites, pairsOf, SIGNIFICANCE_LEVEL, SIGNIFICANCE_MARK } from "@/lib/comparison";
import { formatPercent } from "@/lib/format";
import { siteLook } from "@/lib/sites";
import { baselineName } from "./cellWords";
import { hasSeveralSeeds } from "./results";

interface Props {
  /** True for a test of a finished model, without training. */
  isTest: boolean;
  results: ExperimentResults;
  comparison: Comparison | null;
  federation: FederationRecord;
}

/** What the table's numbers are, in the words that a paper's caption would use. */
export function Notes({ isTest, results, comparison, federation }: Props) {
  const round = results.checkpoint === "best" ? "best" : "last";
  const seeds = hasSeveralSeeds(results)
    ? "then mean ± standard deviation over seeds"
    : "one seed, so without a deviation";
  const several = results.sites.length - results.unseen_sites.length > 1;
  return (
    <Stack gap={4} data-testid="results-notes">
      <Note>
        Mean over test cases of {isTest ? "the round of the tested model" : `each run's ${round} round, ${seeds}`}.
        Bold: best of the column as printed, of the means over the same cases. "All sites" pools the cases of the sites
        {isTest ? " that are tested" : " that train"}
        {several && '; "Worst site" is the one of them with the worst mean'}. "Personalized model" is the one of the
        site in the column. A method's name leads to its cases.
      </Note>
      {results.tables.some(({ rows }) => rows.some(({ student }) => student)) && (
        <Note>
          "Student" is the mean Dice of one network that learned from the super model, less the super model's, on the
          same cases of the sites that train.
        </Note>
      )}
      {results.unseen_sites.length > 0 && (
        <Note>
          Held out, so never trained on:{" "}
          {results.unseen_sites.map((slug) => siteLook(slug, federation).name).join(", ")}. These cases are in no pooled
          number, and no personalized model is their own.
        </Note>
      )}
      {/* Where something was trained, the verdict above says it. */}
      {isTest && <Note>{results.words_of_seeds}</Note>}
      {results.notes.map((note) => (
        <Note key={note} warns>
          {note}
        </Note>
      ))}
      {comparison && <Compared comparison={comparison} federation={federation} />}
    </Stack>
  );
}

function Compared({ comparison, federation }: { comparison: Comparison; federation: FederationRecord }) {
  const pooled = pairsOf(comparison, null);
  const slugs = [...new Set(comparison.cells.flatMap((cell) => (cell.site_slug === null ? [] : [cell.site_slug])))];
  const ofSites = slugs.flatMap((slug) => pairsOf(comparison, slug) ?? []);
  if (ofSites.length === 0) return <Note>There is no other method to compare {baselineName(comparison)} with.</Note>;
  const range = { low: Math.min(...ofSites.map(({ low }) => low)), high: Math.max(...ofSites.map(({ high }) => high)) };
  const hopeless = hopelessSites(comparison).map((slug) => siteLook(slug, federation).name);
  return (
    <>
      <Note>
        Differences are against {baselineName(comparison)}, over the cases that both have a value for, with the{" "}
        {formatPercent(comparison.confidence)} bootstrap interval of {comparison.num_resamples} resamples.{" "}
        {SIGNIFICANCE_MARK} p &lt; {SIGNIFICANCE_LEVEL}: {comparison.test}. Pairs of cases: {formatPairs(range)} a site
        {pooled && `, ${formatPairs(pooled)} over all`}.
      </Note>
      {hopeless.length > 0 && (
        <Note>
          Too few cases to tell: at {hopeless.join(", ")} no difference could be significant with this number of methods
          compared.
        </Note>
      )}
    </>
  );
}

function Note({ children, warns = false }: { children: React.ReactNode; warns?: boolean }) {
  // Mantine's darkest orange has less than 4.5 to 1 on white.
  const colour = "light-dark(#b3390b, var(--mantine-color-orange-4))";
  return (
    <Text size="xs" c={warns ? colour : "dimmed"} maw={1080}>
      {children}
    </Text>
  );
}
