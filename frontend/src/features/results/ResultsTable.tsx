import { ActionIcon, Group, Table, Text, UnstyledButton, VisuallyHidden } from "@mantine/core";
import { IconArrowDown, IconArrowsSort, IconArrowUp, IconEyeOff, IconPin, IconPinFilled } from "@tabler/icons-react";
import { memo, useMemo } from "react";
import type { Comparison, ExperimentResults, FederationRecord, RunRecord } from "@/api";
import { TextLink } from "@/components/links";
import { SiteMark } from "@/components/SiteMark";
import { type Baseline, comparisonIndex, rowKey } from "@/lib/comparison";
import { formatCount } from "@/lib/format";
import { metricOf } from "@/lib/metrics";
import { siteLook } from "@/lib/sites";
import { modelName } from "@/lib/words";
import { CellTips } from "./CellTips";
import classes from "./ResultsTable.module.css";
import type { Column, ResultRow, ResultTable, Sort } from "./results";
import { ScoreCell } from "./ScoreCell";

interface Props {
  table: ResultTable;
  /** The table's rows as they are sorted. */
  rows: ResultRow[];
  results: ExperimentResults;
  comparison: Comparison | null;
  baseline: Baseline | null;
  sort: Sort | null;
  federation: FederationRecord;
  runs: RunRecord[];
  onSort: (column: string) => void;
  /** null: nobody is compared with. */
  onPin: (row: ResultRow | null) => void;
}

const STUDENT = "Dice of one network that learned from the super model, less the super model's, on the same test cases";

/** Longer tables scroll inside their own frame, so that the head stays in sight. */
const LONG = 16;

/** Drawn anew only when something of it changes: a large one has a thousand cells. */
export const ResultsTable = memo(function ResultsTable(props: Props) {
  const { table, rows, comparison, baseline, sort, federation } = props;
  const differenceOf = useMemo(() => (comparison ? comparisonIndex(comparison) : null), [comparison]);
  const pinned = baseline ? rowKey(baseline.label, baseline.model) : null;
  const counted = rows.some((row) => row.steps !== null);
  const taught = rows.some((row) => row.student !== null);
  return (
    <CellTips>
      <div className={classes.scroll} style={rows.length > LONG ? { maxHeight: "80vh" } : undefined}>
        <Table className={classes.table} data-testid="results-table" verticalSpacing={6}>
          <Table.Thead className={classes.head}>
            <Table.Tr>
              <Table.Th className={classes.method} scope="col">
                Method
              </Table.Th>
              {table.columns.map((column) => (
                <ColumnHead key={column.key} {...{ column, sort, federation }} {...props} />
              ))}
              {counted && (
                <Table.Th scope="col" ta="right" className={classes.steps} title="Gradient steps of the whole training">
                  Steps
                </Table.Th>
              )}
              {taught && (
                <Table.Th scope="col" ta="right" className={classes.steps} title={STUDENT}>
                  Student, Dice
                </Table.Th>
              )}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {rows.map((row, index) => (
              <Table.Tr key={row.key} data-baseline={row.key === pinned}>
                <MethodCell
                  row={row}
                  repeated={row.strategyLabel === rows[index - 1]?.strategyLabel}
                  pinned={row.key === pinned}
                  runs={props.runs}
                  onPin={props.onPin}
                />
                {row.cells.map((cell, place) => {
                  const column = table.columns[place];
                  return (
                    column && (
                      <ScoreCell
                        key={column.key}
                        {...{ cell, column, federation, comparison }}
                        difference={column.kind === "worst" ? null : (differenceOf?.(row.key, column.slug) ?? null)}
                        first={index === 0 && place === 0}
                      />
                    )
                  );
                })}
                {counted && (
                  <Table.Td ta="right" className={classes.steps}>
                    {formatCount(row.steps)}
                  </Table.Td>
                )}
                {taught && (
                  <Table.Td ta="right" className={classes.steps}>
                    {row.student ? row.student.difference_text : "–"}
                    {row.student?.interval_text && (
                      <Text size="xs" c="dimmed">
                        {row.student.interval_text}
                      </Text>
                    )}
                  </Table.Td>
                )}
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </div>
    </CellTips>
  );
});

interface MethodProps extends Pick<Props, "runs" | "onPin"> {
  row: ResultRow;
  /** The row above is of the same method. */
  repeated: boolean;
  pinned: boolean;
}

function MethodCell({ row, repeated, pinned, runs, onPin }: MethodProps) {
  const model = modelName(row.model);
  const name = `${row.strategyLabel}, ${model.toLowerCase()}`;
  return (
    <Table.Th scope="row" className={classes.method}>
      <Group wrap="nowrap" gap={6} justify="space-between">
        <div style={{ minWidth: 0 }}>
          {repeated ? (
            <VisuallyHidden>{row.strategyLabel}</VisuallyHidden>
          ) : (
            <Method label={row.strategyLabel} runs={runs} />
          )}
          <Text size="xs" c="dimmed" fw={400} pl={repeated ? 10 : 0}>
            {model}
            {pinned && " · baseline"}
          </Text>
        </div>
        <ActionIcon
          variant={pinned ? "light" : "subtle"}
          color={pinned ? undefined : "gray"}
          className={classes.pin}
          aria-pressed={pinned}
          aria-label={pinned ? `${name} is the baseline: compare with nobody` : `Compare with ${name}`}
          title={pinned ? "Stop comparing" : "Compare the others with this"}
          onClick={() => onPin(pinned ? null : row)}
        >
          {pinned ? <IconPinFilled size={15} aria-hidden /> : <IconPin size={15} aria-hidden />}
        </ActionIcon>
      </Group>
    </Table.Th>
  );
}

/** The method's whole name, for variants differ in its end; it leads to the cases of its first finished run. */
function Method({ label, runs }: { label: string; runs: RunRecord[] }) {
  const run = runs.find((entry) => entry.strategy_label === label && entry.status === "completed");
  const title = run ? `Look at the cases of ${label}` : label;
  const look = { size: "sm", fw: 500, title } as const;
  if (!run) return <Text {...look}>{label}</Text>;
  return (
    <TextLink {...look} to="/runs/$runId/cases" params={{ runId: run.id }} search={{}}>
      {label}
    </TextLink>
  );
}

const SORTS = { best: "best first", worst: "worst first" };

function ColumnHead(props: Props & { column: Column }) {
  const { column, sort, federation, results, onSort } = props;
  const active = sort?.column === column.key ? sort : null;
  const rising = active && (active.first === "best") !== metricOf(results.metric).higherIsBetter;
  const Icon = active ? (rising ? IconArrowUp : IconArrowDown) : IconArrowsSort;
  const name = columnName(column, federation);
  return (
    <Table.Th
      scope="col"
      ta="right"
      aria-sort={active ? (rising ? "ascending" : "descending") : "none"}
      data-kind={column.kind}
      data-unseen={column.unseen}
      className={classes.column}
    >
      <UnstyledButton
        className={classes.sort}
        onClick={() => onSort(column.key)}
        aria-label={`${name}${active ? `, ${SORTS[active.first]}` : ""}: sort`}
        title={active ? `${name}: ${SORTS[active.first]}` : `${name}: sort by this column`}
      >
        <Icon size={13} aria-hidden className={classes.sortIcon} data-active={active !== null} />
        <ColumnName column={column} federation={federation} />
      </UnstyledButton>
      {column.unseen && (
        <Group gap={3} justify="flex-end" wrap="nowrap">
          <IconEyeOff size={12} aria-hidden />
          <Text size="xs" fw={400}>
            held out
          </Text>
        </Group>
      )}
    </Table.Th>
  );
}

function ColumnName({ column, federation }: { column: Column; federation: FederationRecord }) {
  if (column.slug === null) return <Text size="sm">{columnName(column, federation)}</Text>;
  return <SiteMark {...siteLook(column.slug, federation)} />;
}

export function columnName(column: Column, federation: FederationRecord): string {
  if (column.kind === "worst") return "Worst site";
  return column.slug === null ? "All sites" : siteLook(column.slug, federation).name;
}
