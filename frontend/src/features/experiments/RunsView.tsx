import { Button, Card, Group, MultiSelect, Select, Switch, Text, TextInput } from "@mantine/core";
import { IconSearch } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { type ExperimentRecord, federationQuery, testScoresQuery } from "@/api";
import { plural } from "@/lib/format";
import { siteName } from "@/lib/sites";
import { ChosenRuns } from "./ChosenRuns";
import { RunsTable } from "./RunsTable";
import { COLUMNS, grouped, rowsOf, settingColumns, testColumns, wantedRows } from "./runRows";
import { SavedViews } from "./SavedViews";
import type { RunsSearch } from "./search";

interface Props {
  /** On the page of one experiment, which may be archived: its runs are shown in any case. */
  ofOne?: boolean;
  experiments: readonly ExperimentRecord[];
  /** The rest of the experiments is not loaded. */
  partly?: boolean;
  federationId: string;
  /** Shown until others are chosen. */
  standard: readonly string[];
  search: RunsSearch;
  onSearch: (change: RunsSearch) => void;
}

const STATES = ["created", "queued", "running", "paused", "evaluating", "completed", "failed", "cancelled"];

/** The runs of one or many experiments in one table. What is chosen of it is in the address, but for the ticks. */
export function RunsView({
  experiments,
  ofOne = false,
  partly = false,
  federationId,
  standard,
  search,
  onSearch,
}: Props) {
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const { data: federation } = useQuery(federationQuery(federationId));
  const only = experiments.length === 1 ? experiments[0]?.id : undefined;
  const { data: scores } = useQuery(testScoresQuery(federationId, only));
  const rows = useMemo(
    () => rowsOf(experiments, scores, (slug) => (federation ? siteName(federation, slug) : slug)),
    [experiments, scores, federation],
  );
  const available = useMemo(() => [...COLUMNS, ...testColumns(rows), ...settingColumns(rows)], [rows]);
  const { find, runState: state, runSort: sort, runDesc: descending, group } = search;
  const archived = search.archived ?? false;
  // The address follows a moment later: what is typed meanwhile stays.
  const [text, setText] = useState(find ?? "");
  const shown = useMemo(
    () => wantedRows(rows, available, { find, state, archived: ofOne ? "both" : archived, sort, descending }),
    [rows, available, find, state, ofOne, archived, sort, descending],
  );
  const groups = grouped(shown, group === "method" ? METHOD : available.find(({ key }) => key === group));
  const keys = search.columns ?? standard;
  const columns = available.filter(({ key }) => keys.includes(key));
  const choose = (ids: readonly string[], on: boolean) => {
    const next = new Set(chosen);
    for (const id of ids) on ? next.add(id) : next.delete(id);
    setChosen(next);
  };
  const onSort = (key: string) => {
    if (sort !== key) onSearch({ runSort: key, runDesc: undefined });
    else onSearch(descending ? { runSort: undefined, runDesc: undefined } : { runDesc: true });
  };
  return (
    <>
      <Group gap="sm" align="flex-end">
        <SavedViews
          federationId={federationId}
          search={search}
          onApply={(view) => {
            onSearch(view);
            setText(view.find ?? "");
          }}
        />
        <TextInput
          size="xs"
          w={240}
          label="Find"
          placeholder="name, method, seed=0, lambda=0.7"
          leftSection={<IconSearch size={14} aria-hidden />}
          value={text}
          onChange={(event) => {
            setText(event.currentTarget.value);
            onSearch({ find: event.currentTarget.value || undefined });
          }}
        />
        <Select
          size="xs"
          w={130}
          label="State"
          placeholder="Any state"
          clearable
          value={state ?? null}
          onChange={(value) => onSearch({ runState: value ?? undefined })}
          data={STATES}
        />
        <Select
          size="xs"
          w={170}
          label="Group by"
          placeholder="Nothing"
          clearable
          searchable
          value={group ?? null}
          onChange={(value) => onSearch({ group: value ?? undefined })}
          data={[{ value: "method", label: "Method" }, ...available.map(({ key, label }) => ({ value: key, label }))]}
        />
        <MultiSelect
          size="xs"
          w={400}
          label="Columns"
          searchable
          value={columns.map(({ key }) => key)}
          onChange={(next) => onSearch({ columns: next.length > 0 ? next : undefined })}
          data={available.map(({ key, label }) => ({ value: key, label }))}
        />
        {!ofOne && experiments.some(({ archived_at: at }) => at !== null) && (
          <Switch
            size="sm"
            label="Archived"
            checked={archived}
            onChange={(event) => onSearch({ archived: event.currentTarget.checked || undefined })}
          />
        )}
      </Group>
      <ChosenRuns
        rows={rows.filter(({ run }) => chosen.has(run.id))}
        federationId={federationId}
        onDone={() => setChosen(new Set())}
      />
      {shown.length === 0 ? (
        <Group>
          <Text c="dimmed">
            {partly ? "No run of those that are loaded so far is like that." : "No run is like that."}
          </Text>
          <Button
            size="xs"
            variant="default"
            onClick={() => {
              setText("");
              onSearch({ find: undefined, runState: undefined, archived: undefined });
            }}
          >
            Show all {plural(rows.length, "run")}
          </Button>
        </Group>
      ) : (
        <Card withBorder padding={0}>
          <RunsTable
            {...{ groups, columns, chosen, onSort, sort }}
            descending={descending ?? false}
            onChoose={choose}
          />
        </Card>
      )}
      <Text size="xs" c="dimmed" data-testid="run-count">
        {shown.length === rows.length ? plural(rows.length, "run") : `${shown.length} of ${plural(rows.length, "run")}`}
        {partly && ", so far"}
      </Text>
    </>
  );
}

const METHOD = {
  key: "method",
  label: "Method",
  isNumber: false,
  value: ({ run }: { run: { strategy_label: string } }) => run.strategy_label,
  text: ({ run }: { run: { strategy_label: string } }) => run.strategy_label,
};
