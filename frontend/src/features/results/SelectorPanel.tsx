import { Card, Divider, Group, Select, SimpleGrid, Stack, Text, Title } from "@mantine/core";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import type { FederationRecord, RunRecord, RunSelector, ScoreQuery, SelectorGroup } from "@/api";
import { Loaded, RowsSkeleton } from "@/components/Feedback";
import { formatPercent, plural } from "@/lib/format";
import { siteLook } from "@/lib/sites";
import { Confusion } from "./Confusion";
import { Figure } from "./Figure";
import { GammaSweep } from "./GammaSweep";
import { runSelectorQuery, selectorCasesQuery } from "./queries";
import { Reliability } from "./Reliability";
import type { ResultsSearch } from "./search";
import { MANY_SITES } from "./sites";
import type { Update } from "./useResultsSearch";
import { ValidatedThreshold } from "./ValidatedThreshold";

interface Props {
  run: RunRecord;
  federation: FederationRecord;
  query: ScoreQuery;
  search: ResultsSearch;
  update: Update;
}

const ALL = "";

/** Does the selector name the site a case came from, can its probabilities be believed, and what follows from gamma. */
export function SelectorPanel({ run, federation, query, search, update }: Props) {
  const selector = useQuery({ ...runSelectorQuery(run.id, query), placeholderData: keepPreviousData });
  const cases = useQuery({ ...selectorCasesQuery(run.id, query), placeholderData: keepPreviousData });
  return (
    <Card withBorder data-testid="selector">
      <Loaded query={selector} skeleton={<RowsSkeleton />}>
        {(loaded) => {
          const group = groupOf(loaded, search.site);
          if (!group) {
            return <Text c="dimmed">The selector was not tested in the {loaded.checkpoint} round of this run.</Text>;
          }
          return (
            <Stack style={{ opacity: selector.isPlaceholderData ? 0.5 : 1 }}>
              <Group justify="space-between" align="flex-end">
                <div>
                  <Title order={3} size="h4">
                    Model selector and super model
                  </Title>
                  <Text size="sm" c="dimmed">
                    {plural(group.num_cases, "test case")} of {placeName(group, federation)}, round {loaded.round}
                  </Text>
                </div>
                <Scope {...{ federation, group, update }} groups={loaded.groups} />
              </Group>
              <Quality group={group} federation={federation} />
              <SimpleGrid cols={{ base: 1, lg: loaded.sites.length > MANY_SITES ? 1 : 2 }} spacing="xl">
                <Confusion selector={loaded} federation={federation} shown={group.site_slug} />
                <Reliability group={group} />
              </SimpleGrid>
              <Divider />
              <ValidatedThreshold selector={loaded} federation={federation} update={update} />
              <Loaded query={cases} skeleton={<RowsSkeleton rows={1} height={300} />}>
                {(all) => <GammaSweep {...{ group, federation, search, update }} selector={loaded} cases={all} />}
              </Loaded>
            </Stack>
          );
        }}
      </Loaded>
    </Card>
  );
}

function groupOf(selector: RunSelector, site: string | undefined): SelectorGroup | undefined {
  const pooled = selector.groups.find((group) => group.site_slug === null);
  return selector.groups.find((group) => group.site_slug === site) ?? pooled ?? selector.groups[0];
}

function placeName({ site_slug: slug, unseen }: SelectorGroup, federation: FederationRecord): string {
  if (slug === null) return "all sites that train";
  return `${siteLook(slug, federation).name}${unseen ? ", held out" : ""}`;
}

interface ScopeProps {
  federation: FederationRecord;
  groups: SelectorGroup[];
  group: SelectorGroup;
  update: Update;
}

function Scope({ federation, groups, group, update }: ScopeProps) {
  return (
    <Select
      size="xs"
      w={280}
      label="Cases of"
      allowDeselect={false}
      searchable={groups.length > 12}
      value={group.site_slug ?? ALL}
      onChange={(value) => update({ site: value || undefined })}
      data={pooledFirst(groups).map((entry) => ({
        value: entry.site_slug ?? ALL,
        label: placeName(entry, federation).replace(/^all/, "All"),
      }))}
    />
  );
}

function pooledFirst(groups: readonly SelectorGroup[]): SelectorGroup[] {
  return [...groups].sort((left, right) => Number(left.site_slug !== null) - Number(right.site_slug !== null));
}

function Quality({ group, federation }: { group: SelectorGroup; federation: FederationRecord }) {
  const { calibration } = group;
  if (!calibration) {
    return (
      <Text size="sm" maw={900}>
        {siteLook(group.site_slug ?? "", federation).name} did not train, so no site is the right answer: there is no
        accuracy and no calibration, only what was chosen and how certain the selector was.
      </Text>
    );
  }
  return (
    <Group gap={40}>
      <Figure value={formatPercent(calibration.accuracy, 1)} label="right site named ↑" />
      <Figure value={calibration.ece.toFixed(3)} label="expected calibration error (ECE) ↓" />
      <Figure value={calibration.nll.toFixed(3)} label="negative log-likelihood (NLL), nats ↓" />
      <Figure value={calibration.brier.toFixed(3)} label="Brier score, 0 to 2 ↓" />
    </Group>
  );
}
