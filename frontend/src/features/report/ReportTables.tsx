import { Button, Stack, Table, Text, Title } from "@mantine/core";
import { useState } from "react";
import type { Report, ReportMatrix, ReportSelector, ReportTable } from "@/api";
import { SiteMark } from "@/components/SiteMark";
import { formatDice, formatPercent } from "@/lib/format";
import { heatColour } from "@/lib/heat";
import classes from "./Report.module.css";
import { cellText, matrixRange, readingOrder, reportModel, siteNames, tableTitle } from "./reports";

export function SitesTable({ report }: { report: Report }) {
  return (
    <Scroll>
      <Table className={classes.table} highlightOnHover={false}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Site</Table.Th>
            <Table.Th>Role</Table.Th>
            {["Train", "Val", "Test"].map((split) => (
              <Table.Th key={split} className={classes.number}>
                {split}
              </Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {report.sites.map((site) => (
            <Table.Tr key={site.slug}>
              <Table.Td>
                <SiteMark position={site.position} name={site.name} />
              </Table.Td>
              <Table.Td>{site.role}</Table.Td>
              {["train", "val", "test"].map((split) => (
                <Table.Td key={split} className={classes.number}>
                  {site.num_cases[split] ?? `<${site.minimum_count}`}
                </Table.Td>
              ))}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Scroll>
  );
}

/** The first table stands open, the others unfold; all are printed. */
export function ResultTables({ report }: { report: Report }) {
  const [open, setOpen] = useState(false);
  const [first, ...rest] = report.tables;
  return (
    <Stack gap="lg">
      {first && <ResultTable table={first} report={report} />}
      {rest.length > 0 && (
        <>
          <Button
            variant="default"
            size="xs"
            w="fit-content"
            className={classes.screenOnly}
            aria-expanded={open}
            aria-controls="other-tables"
            onClick={() => setOpen(!open)}
          >
            {open ? "Hide" : "Show"} the other metrics and structures ({rest.length})
          </Button>
          <Stack gap="lg" id="other-tables" className={classes.folded} data-open={open}>
            {rest.map((table) => (
              <ResultTable key={`${table.metric} ${table.structure}`} table={table} report={report} />
            ))}
          </Stack>
        </>
      )}
    </Stack>
  );
}

function ResultTable({ table, report }: { table: ReportTable; report: Report }) {
  const order = readingOrder(table.columns);
  return (
    <Stack gap={4} data-testid={`report-${table.metric}-${table.structure ?? "mean"}`}>
      <Title order={3} size="h5">
        {tableTitle(table)}
      </Title>
      <Scroll>
        <Table className={classes.table} highlightOnHover={false}>
          <Head first="Method" columns={order.map((index) => table.columns[index] ?? null)} report={report} />
          <Table.Tbody>
            {table.rows.map((row) => (
              <Table.Tr key={`${row.label} ${row.model}`}>
                <Table.Td>
                  {row.label}
                  <Text span size="xs" c="dimmed">
                    , {reportModel(row.model, siteNames(report)).toLowerCase()}
                  </Text>
                </Table.Td>
                {order.map((index) => {
                  const cell = row.cells[index];
                  if (!cell) return <Table.Td key={index} />;
                  const text = cellText(cell, table);
                  return (
                    <Table.Td key={index} className={classes.number}>
                      <Text span inherit fw={cell.best ? 700 : undefined}>
                        {text.mean}
                      </Text>
                      {text.std && (
                        <Text span size="xs" c="dimmed">
                          {" "}
                          ± {text.std}
                        </Text>
                      )}
                      {text.mark}
                      {cell.difference_text && (
                        <Text size="xs" c="dimmed">
                          {cell.difference_text}
                          <br />
                          <span style={{ whiteSpace: "nowrap" }}>{cell.interval_text}</span>
                        </Text>
                      )}
                      {cell.lacks && (
                        <Text size="xs" c="dimmed">
                          {cell.lacks}
                        </Text>
                      )}
                    </Table.Td>
                  );
                })}
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Scroll>
    </Stack>
  );
}

export function MatrixTable({ matrix, report }: { matrix: ReportMatrix; report: Report }) {
  const order = readingOrder(matrix.columns);
  const [low, high] = matrixRange(matrix) ?? [0, 0];
  return (
    <Stack gap={4}>
      <Text size="sm" c="dimmed">
        Dice ↑ of {matrix.run_label}, seed {matrix.seed}, round {matrix.round}: rows are models, columns the sites whose
        test cases they segment.
      </Text>
      <Scroll>
        <Table className={classes.table} highlightOnHover={false}>
          <Head first="Model" columns={order.map((index) => matrix.columns[index] ?? null)} report={report} />
          <Table.Tbody>
            {matrix.models.map((model, row) => (
              <Table.Tr key={model}>
                <Table.Td>{reportModel(model, siteNames(report))}</Table.Td>
                {order.map((index) => (
                  <Shaded key={index} value={matrix.means[row]?.[index] ?? null} low={low} high={high} />
                ))}
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Scroll>
    </Stack>
  );
}

export function ConfusionTable({ selector, report }: { selector: ReportSelector; report: Report }) {
  const name = siteNames(report);
  return (
    <Stack gap={4}>
      <Text size="sm" c="dimmed">
        {selector.run_label}, seed {selector.seed}, round {selector.round}. The right site is the most probable one for{" "}
        {formatPercent(selector.accuracy, 1)} of the test cases of the sites that train;{" "}
        {formatPercent(selector.share_global, 1)} go to the global model at γ = {selector.gamma}. Below: the share of a
        row's cases whose most probable site is the column's.
      </Text>
      <Scroll>
        <Table className={classes.table} highlightOnHover={false}>
          <Head first="Cases of" columns={selector.sites} report={report} />
          <Table.Tbody>
            {selector.rows.map((slug, row) => (
              <Table.Tr key={slug}>
                <Table.Td>{name(slug)}</Table.Td>
                {selector.sites.map((site, index) => (
                  <Table.Td key={site} className={classes.number} fw={site === slug ? 700 : undefined}>
                    {formatPercent(selector.chosen[row]?.[index])}
                  </Table.Td>
                ))}
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Scroll>
    </Stack>
  );
}

export function Head(props: { first: string; columns: readonly (string | null)[]; report: Report }) {
  const name = siteNames(props.report);
  return (
    <Table.Thead>
      <Table.Tr>
        <Table.Th>{props.first}</Table.Th>
        {props.columns.map((slug) => (
          <Table.Th key={slug ?? "all"} className={classes.number}>
            {name(slug)}
          </Table.Th>
        ))}
      </Table.Tr>
    </Table.Thead>
  );
}

function Shaded({ value, low, high }: { value: number | null; low: number; high: number }) {
  if (value === null) return <Table.Td className={classes.number}>–</Table.Td>;
  const colour = heatColour(high === low ? 0.5 : (value - low) / (high - low), false);
  return (
    <Table.Td className={classes.heat} style={{ background: colour.background, color: colour.text }}>
      {formatDice(value)}
    </Table.Td>
  );
}

/** Wide tables scroll in their own box, which the keyboard reaches. */
export function Scroll({ children }: { children: React.ReactNode }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard
    <div className={classes.scroll} tabIndex={0}>
      {children}
    </div>
  );
}
