import { Button, Pagination, Table, Text } from "@mantine/core";
import { IconDownload } from "@tabler/icons-react";
import { useMemo, useState } from "react";
import { saveText } from "@/lib/save";
import classes from "./Chart.module.css";
import {
  type AxisNames,
  type ChartSource,
  cellText,
  chartCsv,
  chartTable,
  columnDigits,
  csvName,
  pageOf,
} from "./chartRows";

/** Maximum number of rows on a page; more are slow to draw and to read out. */
const ROWS_A_PAGE = 100;

interface Props {
  option: ChartSource;
  axisNames?: AxisNames;
  label: string;
  /** The height of the chart that the table replaces. */
  height: number;
}

/** The numbers of a chart, for people who cannot see it or want to copy them. */
export default function ChartTable({ option, axisNames, label, height }: Props) {
  const { x, y } = axisNames ?? {};
  const table = useMemo(() => chartTable(option, { x, y }), [option, x, y]);
  const [wanted, setWanted] = useState(1);
  const { rows, page, numPages, from } = pageOf(table.rows, wanted, ROWS_A_PAGE);
  const digits = useMemo(() => columnDigits(table), [table]);
  const numberClass = (index: number) => (table.columns[index]?.numeric ? classes.number : undefined);
  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard */}
      <section className={classes.scroll} style={{ maxHeight: height }} tabIndex={0} aria-label={`Table: ${label}`}>
        <Table fz="xs" verticalSpacing={3} captionSide="top" className={classes.table}>
          <Table.Caption mt={0} fz="xs">
            {label}
          </Table.Caption>
          <Table.Thead>
            <Table.Tr>
              {table.columns.map(({ title }, index) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: columns keep their place, and two may have one title
                <Table.Th key={index} scope="col" className={numberClass(index)}>
                  {title}
                </Table.Th>
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {rows.map(([head, ...cells], index) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: a row is known by its place in the table
              <Table.Tr key={from + index}>
                <Table.Th scope="row" className={numberClass(0)}>
                  {cellText(head ?? null, digits[0])}
                </Table.Th>
                {cells.map((cell, column) => (
                  // biome-ignore lint/suspicious/noArrayIndexKey: columns keep their place
                  <Table.Td key={column} className={numberClass(column + 1)}>
                    {cellText(cell, digits[column + 1])}
                  </Table.Td>
                ))}
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </section>
      <div className={classes.foot}>
        {numPages > 1 && (
          <>
            <Text size="xs" c="dimmed">
              Rows {from} to {from + rows.length - 1} of {table.rows.length}
            </Text>
            <Pagination
              size="xs"
              value={page}
              total={numPages}
              onChange={setWanted}
              siblings={0}
              withEdges
              getControlProps={(control) => ({ "aria-label": `${control} page` })}
              getItemProps={(item) => ({ "aria-label": `Page ${item}` })}
            />
          </>
        )}
        <Button
          size="compact-xs"
          variant="subtle"
          color="gray"
          fw={400}
          leftSection={<IconDownload size={14} aria-hidden />}
          onClick={() => saveText(chartCsv(table), csvName(label), "text/csv")}
        >
          Download CSV
        </Button>
      </div>
    </>
  );
}
