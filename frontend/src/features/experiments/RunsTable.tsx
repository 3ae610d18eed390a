import { Checkbox, Table, Text, UnstyledButton } from "@mantine/core";
import { IconArrowDown, IconArrowsSort, IconArrowUp } from "@tabler/icons-react";
import { useVirtualizer } from "@tanstack/react-virtual";
import { memo, useRef } from "react";
import { TextLink } from "@/components/links";
import { StateBadge } from "@/components/StateBadge";
import { plural } from "@/lib/format";
import classes from "./RunsTable.module.css";
import type { Column, RowGroup, RunRow } from "./runRows";

interface Props {
  groups: readonly RowGroup[];
  columns: readonly Column[];
  sort: string | undefined;
  descending: boolean;
  chosen: ReadonlySet<string>;
  onSort: (key: string) => void;
  onChoose: (ids: readonly string[], on: boolean) => void;
}

const ROW_HEIGHT = 40;
const SPARE_ROWS = 10;
const FIRST_HEIGHT = 640;

type Line = { kind: "group"; group: RowGroup } | { kind: "run"; row: RunRow };

/** Thousands of rows scroll as quickly as ten: only those in sight are drawn. */
export function RunsTable(props: Props) {
  const { groups, columns, chosen, onChoose } = props;
  const viewport = useRef<HTMLDivElement>(null);
  const named = groups.length > 1 || groups[0]?.name !== "";
  const lines = groups.flatMap((group): Line[] => [
    ...(named ? [{ kind: "group", group } as const] : []),
    ...group.rows.map((row) => ({ kind: "run", row }) as const),
  ]);
  const ids = groups.flatMap(({ rows }) => rows.map(({ run }) => run.id));
  const virtual = useVirtualizer({
    count: lines.length,
    getScrollElement: () => viewport.current,
    estimateSize: () => ROW_HEIGHT,
    overscan: SPARE_ROWS,
    useFlushSync: false,
    initialRect: { width: 0, height: FIRST_HEIGHT },
  });
  const items = virtual.getVirtualItems();
  const above = items[0]?.start ?? 0;
  const below = virtual.getTotalSize() - (items.at(-1)?.end ?? 0);
  const allChosen = ids.length > 0 && ids.every((id) => chosen.has(id));
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard
    <div ref={viewport} className={classes.scroll} tabIndex={0}>
      <Table data-testid="runs-table" aria-rowcount={lines.length + 1} verticalSpacing={0}>
        <Table.Thead className={classes.head}>
          <Table.Tr h={ROW_HEIGHT}>
            <Table.Th w={40}>
              <Checkbox
                size="xs"
                aria-label="All runs that are listed"
                checked={allChosen}
                indeterminate={!allChosen && ids.some((id) => chosen.has(id))}
                onChange={(event) => onChoose(ids, event.currentTarget.checked)}
              />
            </Table.Th>
            <Table.Th>Method</Table.Th>
            {columns.map((column) => (
              <Head key={column.key} column={column} {...props} />
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {above > 0 && <tr aria-hidden style={{ height: above }} />}
          {items.map(({ index }) => {
            const line = lines[index];
            if (!line) return null;
            if (line.kind === "group")
              return <GroupRow key={`group ${line.group.name}`} {...props} group={line.group} />;
            const { id } = line.row.run;
            return <Row key={id} row={line.row} isChosen={chosen.has(id)} {...{ columns, onChoose }} />;
          })}
          {below > 0 && <tr aria-hidden style={{ height: below }} />}
        </Table.Tbody>
      </Table>
    </div>
  );
}

function Head({ column, sort, descending, onSort }: Props & { column: Column }) {
  const active = sort === column.key;
  const Icon = active ? (descending ? IconArrowDown : IconArrowUp) : IconArrowsSort;
  return (
    <Table.Th
      scope="col"
      ta={column.isNumber ? "right" : "left"}
      aria-sort={active ? (descending ? "descending" : "ascending") : "none"}
    >
      <UnstyledButton className={classes.sort} fz="sm" fw={600} onClick={() => onSort(column.key)}>
        {column.label} <Icon size={13} aria-hidden />
      </UnstyledButton>
    </Table.Th>
  );
}

function GroupRow({ group, columns, chosen, onChoose }: Props & { group: RowGroup }) {
  const ids = group.rows.map(({ run }) => run.id);
  const all = ids.every((id) => chosen.has(id));
  return (
    <Table.Tr h={ROW_HEIGHT} className={classes.group}>
      <Table.Td>
        <Checkbox
          size="xs"
          aria-label={`All runs of ${group.name}`}
          checked={all}
          indeterminate={!all && ids.some((id) => chosen.has(id))}
          onChange={(event) => onChoose(ids, event.currentTarget.checked)}
        />
      </Table.Td>
      <Table.Th scope="rowgroup" colSpan={columns.length + 1}>
        {group.name}
        <Text span size="xs" c="dimmed" ml={8}>
          {plural(ids.length, "run")}
        </Text>
      </Table.Th>
    </Table.Tr>
  );
}

interface RowProps extends Pick<Props, "columns" | "onChoose"> {
  row: RunRow;
  isChosen: boolean;
}

/** Drawn again only where it changes: a step of scrolling draws the rows that come into sight. */
const Row = memo(function Row({ row, columns, isChosen, onChoose }: RowProps) {
  const { run, experiment } = row;
  return (
    <Table.Tr h={ROW_HEIGHT} bg={isChosen ? "var(--mantine-primary-color-light)" : undefined}>
      <Table.Td>
        <Checkbox
          size="xs"
          aria-label={`${run.strategy_label}, seed ${run.seed} of ${experiment.name}`}
          checked={isChosen}
          onChange={(event) => onChoose([run.id], event.currentTarget.checked)}
        />
      </Table.Td>
      <Table.Td className={classes.name}>
        <TextLink
          size="sm"
          fw={500}
          to="/experiments/$experimentId"
          params={{ experimentId: experiment.id }}
          search={{ run: run.id }}
          title={run.strategy_label}
        >
          {run.strategy_label}
        </TextLink>
      </Table.Td>
      {columns.map((column) => (
        <Table.Td
          key={column.key}
          ta={column.isNumber ? "right" : "left"}
          className={classes.cell}
          title={column.text(row)}
        >
          {column.key === "state" ? <StateBadge state={run.status} size="sm" /> : column.text(row)}
        </Table.Td>
      ))}
    </Table.Tr>
  );
});
