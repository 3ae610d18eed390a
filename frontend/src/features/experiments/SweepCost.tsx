import { Alert, Button, Group, Progress, Stack, Text, Title } from "@mantine/core";
import { IconTestPipe, IconX } from "@tabler/icons-react";
import { useMutation, useQueries } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useEffect, useRef } from "react";
import { ApiError, api, type DryRunRecord, type FederationRecord, type SweepPlan, unwrap } from "@/api";
import { formatBytes, formatSeconds, plural } from "@/lib/format";
import { differences } from "@/lib/schema";
import { siteName } from "@/lib/sites";
import { dryRunQuery } from "./queries";
import { startAll } from "./startAll";

const route = getRouteApi("/federations/$federationId/experiments/new");

interface Props {
  federation: FederationRecord;
  /** Undefined while it is not known, or refused. */
  plan: SweepPlan | undefined;
  ready: boolean;
}

/** Tries every experiment of a sweep at every site, and says what all of them cost together. */
export function SweepCost({ federation, plan, ready }: Props) {
  const { dries = [] } = route.useSearch();
  const navigate = route.useNavigate();
  const stopped = useRef(false);
  useEffect(
    () => () => {
      stopped.current = true; // who has left the review sees no dry run that is started after
    },
    [],
  );
  const keep = (ids: string[]) => {
    const dries = ids.length > 0 ? ids : undefined;
    void navigate({ search: (old) => ({ ...old, dries }), replace: true, resetScroll: false });
  };
  const cancelOne = (id: string) => unwrap(api.cancelDryRun({ path: { dry_run_id: id } }));
  const start = useMutation({
    mutationFn: (wanted: SweepPlan) => {
      stopped.current = false;
      return startAll(
        wanted.experiments.map(({ config }) => config),
        {
          start: async (config) =>
            (await unwrap(api.startDryRun({ path: { federation_id: federation.id }, body: { config } }))).id,
          cancel: cancelOne,
          keep,
          isStopped: () => stopped.current,
        },
      );
    },
  });
  const cancel = useMutation({ mutationFn: (ids: readonly string[]) => Promise.all(ids.map(cancelOne)) });
  const queries = useQueries({ queries: dries.map((id) => dryRunQuery(id)) });
  const records = queries.flatMap(({ data }) => data ?? []);
  const over = records.filter(({ status }) => status !== "running");
  // One that is not there any more is not waited for.
  const going = dries.filter((_, index) => {
    const query = queries[index];
    const isGone = query?.error instanceof ApiError && query.error.status === 404;
    return !isGone && (query?.data?.status ?? "running") === "running";
  });
  const running = start.isPending || going.length > 0;
  const error = start.error ?? cancel.error ?? queries.find((query) => query.error)?.error;
  return (
    <Stack gap="xs">
      <Group justify="space-between">
        <Title order={3} size="h5">
          Cost
        </Title>
        {running ? (
          <Button
            size="compact-sm"
            variant="default"
            leftSection={<IconX size={14} aria-hidden />}
            onClick={() => {
              stopped.current = true;
              cancel.mutate(going);
            }}
          >
            Cancel
          </Button>
        ) : (
          <Button
            size="compact-sm"
            variant="default"
            leftSection={<IconTestPipe size={14} aria-hidden />}
            disabled={!ready || !plan}
            onClick={() => plan && start.mutate(plan)}
          >
            {dries.length > 0 ? "Try again" : `Try ${plan ? plural(plan.experiments.length, "experiment") : "it"}`}
          </Button>
        )}
      </Group>
      {dries.length === 0 && !start.isPending && (
        <Text size="sm" c="dimmed">
          A few steps of every method at every site, for each experiment: does it run, how long will all take, how much
          traffic and space do they need?
        </Text>
      )}
      {running && (
        <Progress
          value={(100 * over.length) / Math.max(1, plan?.experiments.length ?? 0, dries.length)}
          aria-label={`${over.length} of ${Math.max(plan?.experiments.length ?? 0, dries.length)} tried`}
        />
      )}
      {error && <Alert color="red">{error.message}</Alert>}
      <Failures records={over} federation={federation} />
      {!running && plan && <Total records={records} plan={plan} />}
    </Stack>
  );
}

/** What each site could not run, once for all experiments that say the same. */
function Failures({ records, federation }: { records: readonly DryRunRecord[]; federation: FederationRecord }) {
  const nameOf = (slug: string) => siteName(federation, slug);
  const causes = records.flatMap(({ sites }) =>
    sites.flatMap(({ site_slug, error }) => (error ? `${nameOf(site_slug)}: ${error}` : [])),
  );
  return [...new Set(causes)].map((cause) => (
    <Text key={cause} size="sm" c="red" role="alert">
      {cause}
    </Text>
  ));
}

function Total({ records, plan }: { records: readonly DryRunRecord[]; plan: SweepPlan }) {
  const estimates = records.flatMap(({ estimate }) => estimate ?? []);
  if (estimates.length === 0) return null;
  const sum = (of: (estimate: (typeof estimates)[number]) => number) =>
    estimates.reduce((total, estimate) => total + of(estimate), 0);
  const stale =
    records.length > plan.experiments.length ||
    records.some(({ config }, index) => differences(config, plan.experiments[index]?.config).length > 0);
  return (
    <>
      <Text size="sm" data-testid="sweep-cost">
        {plural(
          sum(({ num_runs }) => num_runs),
          "run",
        )}
        : about <b>{formatSeconds(sum(({ seconds }) => seconds))}</b> one experiment after the other,{" "}
        <b>{formatBytes(sum(({ bytes_up, bytes_down }) => bytes_up + bytes_down))}</b> of traffic,{" "}
        <b>{formatBytes(sum(({ bytes_kept }) => bytes_kept))}</b> kept in the end.
        {estimates.length < records.length &&
          ` ${records.length - estimates.length} of ${plural(records.length, "experiment")} have no estimate.`}
        {records.length < plan.experiments.length &&
          ` That is ${records.length} of ${plural(plan.experiments.length, "experiment")}: the others were not tried.`}
      </Text>
      {stale && (
        <Text size="xs" c="dimmed">
          The settings were changed since: try again for a new estimate.
        </Text>
      )}
    </>
  );
}
