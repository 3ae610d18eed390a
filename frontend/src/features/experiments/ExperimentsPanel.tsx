import {
  Badge,
  Button,
  Card,
  Checkbox,
  Group,
  Progress,
  SegmentedControl,
  Select,
  Stack,
  Switch,
  Table,
  Text,
  TextInput,
  UnstyledButton,
} from "@mantine/core";
import {
  IconArrowDown,
  IconArrowsDiff,
  IconArrowsSort,
  IconArrowUp,
  IconFlask,
  IconPlus,
  IconSearch,
  IconSearchOff,
} from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useState } from "react";
import { type ExperimentRecord, experimentsQuery, type FederationRecord, isPart } from "@/api";
import { Allowed } from "@/components/Allowed";
import { EmptyState, Loaded, RowsSkeleton } from "@/components/Feedback";
import { Isolated } from "@/components/Isolated";
import { LinkButton, TextLink } from "@/components/links";
import { StateBadge } from "@/components/StateBadge";
import { formatDateTime, formatDice, plural } from "@/lib/format";
import { isOver } from "@/lib/status";
import { ChosenRuns } from "./ChosenRuns";
import { ExperimentMenu } from "./ExperimentActions";
import {
  bestDice,
  type ListWish,
  listExperiments,
  notComparedWords,
  progressOf,
  progressWords,
} from "./experimentList";
import { RunsView } from "./RunsView";
import { rowsOf, STANDARD_COLUMNS } from "./runRows";
import type { ExperimentOrder, ExperimentState } from "./search";

const route = getRouteApi("/federations/$federationId");
/** Fewer experiments than this are seen at a glance. */
const FEW = 4;
/** What an experiment is that compares no methods. */
const KINDS: Partial<Record<ExperimentRecord["kind"], string>> = {
  test: "test of a finished model",
  "site-addition": "a site added to a model",
  "fine-tuning": "a model fine-tuned at one site",
  student: "one student of a super model",
};

/** The experiments of a federation: found, ordered, copied, put away. What is looked for is in the address. */
export function ExperimentsPanel({ federation }: { federation: FederationRecord }) {
  const experiments = useQuery(experimentsQuery(federation.id));
  const hasData = federation.sites.some((site) => Object.values(site.num_cases).some((count) => count > 0));
  const create = (
    <Allowed permission="run_experiments" federationId={federation.id} who="Experiments are made by">
      <LinkButton
        to="/federations/$federationId/experiments/new"
        params={{ federationId: federation.id }}
        search={{}}
        disabled={!hasData}
        leftSection={<IconPlus size={16} aria-hidden />}
      >
        New experiment
      </LinkButton>
    </Allowed>
  );
  return (
    <Loaded query={experiments} skeleton={<RowsSkeleton />}>
      {(every) => {
        const all = every.filter(({ kind }) => kind !== "import"); // among the models
        const partly = isPart(every);
        if (all.length === 0 && partly) return null;
        return all.length === 0 ? (
          <EmptyState icon={IconFlask} title="No experiment yet" action={create}>
            {hasData
              ? "Compare FedSM with federated averaging, local-only and centralized training on these sites."
              : "Register data at the sites first: an experiment trains on the sites that have data."}
          </EmptyState>
        ) : (
          <Lists all={all} partly={partly} create={create} federationId={federation.id} />
        );
      }}
    </Loaded>
  );
}

/** Experiments, or all their runs in one table. */
function Lists(props: { all: ExperimentRecord[]; partly: boolean; create: React.ReactNode; federationId: string }) {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const set = (change: object) =>
    void navigate({ search: (old) => ({ ...old, ...change }), replace: true, resetScroll: false });
  return (
    <Stack>
      <SegmentedControl
        size="xs"
        w="fit-content"
        aria-label="What is listed"
        value={search.list ?? "experiments"}
        onChange={(value) => set({ list: value === "runs" ? "runs" : undefined })}
        data={[
          { value: "experiments", label: "Experiments" },
          { value: "runs", label: "Runs" },
        ]}
      />
      {search.list === "runs" ? (
        <RunsView
          experiments={props.all}
          partly={props.partly}
          federationId={props.federationId}
          standard={STANDARD_COLUMNS}
          search={search}
          onSearch={set}
        />
      ) : (
        <List all={props.all} partly={props.partly} create={props.create} />
      )}
    </Stack>
  );
}

/** partly: the rest of the experiments is not loaded. */
function List({ all, partly, create }: { all: ExperimentRecord[]; partly: boolean; create: React.ReactNode }) {
  const { federationId } = route.useParams();
  const { find, state, order, archived } = route.useSearch();
  const navigate = route.useNavigate();
  const wish: ListWish = { text: find, state, order, archived };
  const set = (change: Partial<Record<"find" | "state" | "order" | "archived", unknown>>) =>
    void navigate({ search: (old) => ({ ...old, ...change }) as typeof old, replace: true });
  const rows = listExperiments(all, wish);
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const choose = (experiments: readonly ExperimentRecord[], on: boolean) => {
    const next = new Set(chosen);
    for (const { id } of experiments) on ? next.add(id) : next.delete(id);
    setChosen(next);
  };
  const isChosen = ({ id }: ExperimentRecord) => chosen.has(id);
  const [shown, setShown] = useState(0); // the field for words keeps its own text, and begins anew with "Show all"
  const put = all.some((experiment) => experiment.archived_at !== null);
  return (
    <Stack>
      <Group justify="space-between">
        <Group gap="sm">
          {(all.length >= FEW || find || state) && <Filters key={shown} wish={wish} onChange={set} />}
          {(put || archived) && (
            <Switch
              size="sm"
              label="Archived"
              checked={archived ?? false}
              onChange={(event) => set({ archived: event.currentTarget.checked || undefined })}
            />
          )}
        </Group>
        <Group gap="sm">
          <LinkButton
            variant="default"
            to="/federations/$federationId/compare"
            params={{ federationId }}
            search={{}}
            leftSection={<IconArrowsDiff size={16} aria-hidden />}
          >
            Compare runs
          </LinkButton>
          {create}
        </Group>
      </Group>
      <ChosenRuns rows={rowsOf(all.filter(isChosen))} federationId={federationId} onDone={() => setChosen(new Set())} />
      {rows.length === 0 && partly ? (
        <Text c="dimmed">No experiment of those that are loaded so far is like that.</Text>
      ) : rows.length === 0 ? (
        <EmptyState
          icon={IconSearchOff}
          title="No experiment is like that"
          action={
            <Button
              variant="default"
              onClick={() => {
                setShown(shown + 1);
                set({ find: undefined, state: undefined, archived: put && !archived ? true : undefined });
              }}
            >
              {put && !archived ? "Look in the archive" : "Show all"}
            </Button>
          }
        >
          {plural(all.length, "experiment")} of this federation, none of which {archived ? "in the archive " : ""}fits.
        </EmptyState>
      ) : (
        <Card withBorder padding={0}>
          <Table.ScrollContainer minWidth={860}>
            <Table>
              <Table.Thead>
                <Table.Tr>
                  <Table.Th w={40}>
                    <Checkbox
                      size="xs"
                      aria-label="All experiments that are listed"
                      checked={rows.every(isChosen)}
                      indeterminate={!rows.every(isChosen) && rows.some(isChosen)}
                      onChange={(event) => choose(rows, event.currentTarget.checked)}
                    />
                  </Table.Th>
                  <Head label="Experiment" orders={["name"]} {...{ order, set }} />
                  <Table.Th>State</Table.Th>
                  <Table.Th>Methods</Table.Th>
                  <Head label="Best validation Dice ↑" orders={["best"]} {...{ order, set }} isNumber />
                  <Head label="Created" orders={["newest", "oldest"]} {...{ order, set }} />
                  <Table.Th aria-label="Actions" />
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {rows.map((experiment) => (
                  <ExperimentRow
                    key={experiment.id}
                    experiment={experiment}
                    isChosen={isChosen(experiment)}
                    onChoose={(on) => choose([experiment], on)}
                  />
                ))}
              </Table.Tbody>
            </Table>
          </Table.ScrollContainer>
        </Card>
      )}
    </Stack>
  );
}

/** What each order is to a screen reader. */
const DIRECTIONS = { newest: "descending", oldest: "ascending", name: "ascending", best: "descending" } as const;

interface HeadProps {
  label: string;
  /** A click takes the first, another one the next. */
  orders: readonly ExperimentOrder[];
  order: ExperimentOrder | undefined;
  set: (change: { order: ExperimentOrder | undefined }) => void;
  isNumber?: boolean;
}

function Head({ label, orders, order = "newest", set, isNumber = false }: HeadProps) {
  const at = orders.indexOf(order);
  const next = orders[(at + 1) % orders.length];
  const direction = at < 0 ? "none" : DIRECTIONS[order];
  const Icon = at < 0 ? IconArrowsSort : direction === "ascending" ? IconArrowUp : IconArrowDown;
  return (
    <Table.Th aria-sort={direction} ta={isNumber ? "right" : "left"}>
      <UnstyledButton fz="sm" fw={600} onClick={() => set({ order: next === "newest" ? undefined : next })}>
        {label} <Icon size={13} aria-hidden />
      </UnstyledButton>
    </Table.Th>
  );
}

function Filters({ wish, onChange }: { wish: ListWish; onChange: (change: Record<string, unknown>) => void }) {
  return (
    <>
      <TextInput
        aria-label="Find an experiment"
        placeholder="Name or method"
        leftSection={<IconSearch size={16} aria-hidden />}
        defaultValue={wish.text ?? ""}
        onChange={(event) => onChange({ find: event.currentTarget.value || undefined })}
        w={220}
      />
      <Select
        aria-label="State"
        placeholder="Any state"
        clearable
        w={150}
        value={wish.state ?? null}
        onChange={(state) => onChange({ state: (state as ExperimentState | null) ?? undefined })}
        data={[
          { value: "running", label: "Running" },
          { value: "over", label: "Finished" },
          { value: "failed", label: "With a failed run" },
          { value: "not-started", label: "Not started" },
        ]}
      />
      <Select
        aria-label="Order"
        allowDeselect={false}
        w={150}
        value={wish.order ?? "newest"}
        onChange={(order) => onChange({ order: order === "newest" ? undefined : (order as ExperimentOrder) })}
        data={[
          { value: "newest", label: "Newest first" },
          { value: "oldest", label: "Oldest first" },
          { value: "name", label: "By name" },
          { value: "best", label: "Best first" },
        ]}
      />
    </>
  );
}

/** Maximum number of methods that are listed; the others are counted. */
const MAX_LABELS = 5;

interface RowProps {
  experiment: ExperimentRecord;
  isChosen: boolean;
  onChoose: (on: boolean) => void;
}

function ExperimentRow({ experiment, isChosen, onChoose }: RowProps) {
  const labels = [...new Set(experiment.runs.map((run) => run.strategy_label))];
  const best = bestDice(experiment);
  const notCompared = notComparedWords(experiment);
  const going = experiment.started_at !== null && !experiment.runs.every(isOver);
  return (
    <Table.Tr bg={isChosen ? "var(--mantine-primary-color-light)" : undefined}>
      <Table.Td>
        <Checkbox
          size="xs"
          aria-label={`All runs of ${experiment.name}`}
          checked={isChosen}
          onChange={(event) => onChoose(event.currentTarget.checked)}
        />
      </Table.Td>
      <Table.Td style={{ maxWidth: 340, overflowWrap: "anywhere" }}>
        <TextLink
          size="sm"
          fw={500}
          to="/experiments/$experimentId"
          params={{ experimentId: experiment.id }}
          search={{}}
        >
          <Isolated>
            <Isolated>{experiment.name}</Isolated>
          </Isolated>
        </TextLink>
        <Text size="xs" c="dimmed">
          {KINDS[experiment.kind] ?? plural(experiment.runs.length, "run")}
        </Text>
      </Table.Td>
      <Table.Td style={{ minWidth: 140 }}>
        <StateBadge state={experiment.status} />
        {going && (
          <Progress
            mt={6}
            size="sm"
            value={100 * progressOf(experiment)}
            aria-label={`${Math.round(100 * progressOf(experiment))} % of all rounds finished`}
          />
        )}
        {going && (
          <Text size="xs" c="dimmed">
            {progressWords(experiment)}
          </Text>
        )}
      </Table.Td>
      <Table.Td>
        <Group gap={6}>
          {labels.slice(0, MAX_LABELS).map((label) => (
            <Badge key={label} variant="default" maw={220} title={label}>
              {label}
            </Badge>
          ))}
          {labels.length > MAX_LABELS && (
            <Badge variant="default" title={labels.slice(MAX_LABELS).join(", ")}>
              {labels.length - MAX_LABELS} more
            </Badge>
          )}
        </Group>
      </Table.Td>
      <Table.Td ta="right">
        {best ? `${formatDice(best.dice)} (${best.label})` : "–"}
        {notCompared && (
          <Text size="xs" c="dimmed">
            {notCompared}
          </Text>
        )}
      </Table.Td>
      <Table.Td>
        <Text size="sm" c="dimmed">
          {formatDateTime(experiment.created_at)}
        </Text>
      </Table.Td>
      <Table.Td ta="right">
        <ExperimentMenu experiment={experiment} />
      </Table.Td>
    </Table.Tr>
  );
}
