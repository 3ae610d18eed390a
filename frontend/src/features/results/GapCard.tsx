import { Alert, Anchor, Card, Group, Select, Stack, Text, Title } from "@mantine/core";
import { IconInfoCircle } from "@tabler/icons-react";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { ApiError, type ExperimentRecord, type FederationRecord, type Gap, type ScoreQuery } from "@/api";
import { ErrorPanel, useArrived } from "@/components/Feedback";
import { GapPicture } from "@/components/GapPicture";
import { stairsOf } from "@/lib/gapStairs";
import { metricTitle } from "@/lib/metrics";
import { siteLook } from "@/lib/sites";
import { GapTable } from "./GapTable";
import { gapSteps } from "./gapSteps";
import { gapQuery } from "./queries";
import type { ResultsSearch } from "./search";
import type { Update } from "./useResultsSearch";

interface Props {
  experiment: ExperimentRecord;
  federation: FederationRecord;
  search: ResultsSearch;
  update: Update;
  query: ScoreQuery;
  /** What the page says of the number of seeds already. */
  said: string;
}

/** Where a method's score is lost against centralized training. Nothing before a federated method has results. */
export function GapCard({ experiment, federation, search, update, query, said }: Props) {
  const { metric, structure } = query;
  const found = useQuery({
    ...gapQuery(experiment.id, { metric, structure, method: search.gapMethod }),
    placeholderData: keepPreviousData,
  });
  const arrived = useArrived(found.data);
  if (found.error instanceof ApiError && found.error.status === 404) return null;
  if (found.error) return <ErrorPanel error={found.error} title="The gap cannot be taken apart" />;
  const gap = found.data;
  if (!gap || !arrived || gap.terms.length === 0) return null;
  return (
    <Card withBorder data-testid="gap">
      <Stack gap="sm">
        <Group justify="space-between" align="flex-end">
          <div>
            <Title order={2} size="h4">
              The gap to centralized training, taken apart
            </Title>
            <Text size="sm" c="dimmed" maw={900}>
              {metricTitle(gap.metric, gap.unit)} of {gap.strategy_label}, {gap.structure ?? "mean over structures"},
              best round, on the test cases that every level has. A positive term is lost, a negative one won back; the
              terms add up to the gap.
            </Text>
          </div>
          <Choices {...{ gap, federation, search, update }} />
        </Group>
        <Picture gap={gap} site={search.gapSite} federation={federation} />
        <GapTable gap={gap} federation={federation} />
        {gap.missing.map((term) => (
          <Text key={term.key} size="xs" c="dimmed" data-testid="gap-missing">
            <b>{term.key.charAt(0).toUpperCase() + term.key.slice(1)}</b> is not known alone: {term.reason}. To get it:{" "}
            {term.remedy}.
          </Text>
        ))}
        {gap.notes.map((note) => (
          <Text key={note} size="xs" c="dimmed">
            {note}
          </Text>
        ))}
        <Text size="xs" c="dimmed">
          {gap.words_of_seeds !== said && `${gap.words_of_seeds} `}In brackets: {Math.round(gap.confidence * 100)} %
          intervals, {gap.num_resamples} resamples. <FileLinks gap={gap} />
        </Text>
      </Stack>
    </Card>
  );
}

function Choices({ gap, federation, search, update }: Pick<Props, "federation" | "search" | "update"> & { gap: Gap }) {
  const sites = gap.columns.flatMap((column) => column.site_slug ?? []);
  return (
    <Group gap="sm">
      <Select
        size="xs"
        aria-label="Method that is taken apart"
        data={gap.methods}
        value={gap.strategy_label}
        allowDeselect={false}
        onChange={(value) => update({ gapMethod: value ?? undefined })}
      />
      <Select
        size="xs"
        aria-label="Cases in the picture"
        data={[
          { value: "", label: "All sites" },
          ...sites.map((slug) => ({ value: slug, label: siteLook(slug, federation).name })),
        ]}
        value={search.gapSite ?? ""}
        allowDeselect={false}
        onChange={(value) => update({ gapSite: value || undefined })}
      />
    </Group>
  );
}

function Picture({ gap, site, federation }: { gap: Gap; site: string | undefined; federation: FederationRecord }) {
  const place = Math.max(
    0,
    gap.columns.findIndex((column) => column.site_slug === (site ?? null)),
  );
  const slug = gap.columns[place]?.site_slug ?? null;
  const stairs = stairsOf(gapSteps(gap, place), gap.higher_is_better);
  if (stairs.length === 0) {
    return (
      <Alert color="gray" py="xs" icon={<IconInfoCircle aria-hidden />}>
        There is no picture here, because a level has no value on these cases.
      </Alert>
    );
  }
  return (
    <GapPicture stairs={stairs} label={`Gap of ${slug === null ? "all sites" : siteLook(slug, federation).name}`} />
  );
}

function FileLinks({ gap }: { gap: Gap }) {
  const parameters = new URLSearchParams({ method: gap.strategy_label, metric: gap.metric });
  if (gap.structure !== null) parameters.set("structure", gap.structure);
  const address = (file: string) => `/api/v1/experiments/${gap.experiment_id}/${file}?${parameters}`;
  return (
    <>
      <Anchor href={address("gap.csv")} size="xs" underline="always">
        Table as CSV
      </Anchor>
      {", "}
      <Anchor href={address("gap.tex")} size="xs" underline="always">
        as LaTeX
      </Anchor>
    </>
  );
}
