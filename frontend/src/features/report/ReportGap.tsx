import { Stack, Table, Text } from "@mantine/core";
import type { Report, ReportGap } from "@/api";
import { GapPicture } from "@/components/GapPicture";
import { type Step, stairsOf } from "@/lib/gapStairs";
import classes from "./Report.module.css";
import { Head, Scroll } from "./ReportTables";
import { readingOrder, siteNames } from "./reports";

/** Where the method's Dice is lost against centralized training: the picture of all sites, and the table. */
export function GapSection({ gap, report }: { gap: ReportGap; report: Report }) {
  const order = readingOrder(gap.columns);
  const stairs = stairsOf(stepsOf(gap, gap.columns.indexOf(null)), true);
  return (
    <Stack gap="sm" data-testid="report-gap">
      <Text size="sm" c="dimmed">
        Dice ↑ of {gap.label}, best round, on the cases that every level has, with {Math.round(gap.confidence * 100)} %
        intervals. A positive term is lost, a negative one won back; the terms add up to the gap. {gap.words_of_seeds}
      </Text>
      {stairs.length > 0 && <GapPicture stairs={stairs} label={`Gap of ${siteNames(report)(null)}`} />}
      <Scroll>
        <Table className={classes.table} highlightOnHover={false}>
          <Head first="Level or term" columns={order.map((index) => gap.columns[index] ?? null)} report={report} />
          <Table.Tbody>
            {gap.rows.map((row) => (
              <Table.Tr key={`${row.kind} ${row.label}`}>
                <Table.Td pl={row.kind === "term" ? 24 : undefined} fw={isStrong(row.kind) ? 600 : undefined}>
                  {row.label}
                  <Text size="xs" c="dimmed" fw={400}>
                    {row.words}
                  </Text>
                </Table.Td>
                {order.map((index) => (
                  <Table.Td key={index} className={classes.number} fw={isStrong(row.kind) ? 600 : undefined}>
                    {row.texts[index]}
                    {row.intervals[index] && (
                      <Text size="xs" c="dimmed" fw={400} style={{ whiteSpace: "nowrap" }}>
                        {row.intervals[index]}
                      </Text>
                    )}
                  </Table.Td>
                ))}
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Scroll>
      {gap.missing.map((words) => (
        <Text key={words} size="sm" c="dimmed">
          {words}
        </Text>
      ))}
    </Stack>
  );
}

function isStrong(kind: ReportGap["rows"][number]["kind"]): boolean {
  return kind === "level" || kind === "total";
}

/** Of one column, without the gap itself and what is outside the sum. */
function stepsOf(gap: ReportGap, column: number): Step[] {
  return gap.rows.flatMap(({ kind, label, short, values, texts, intervals, lows, highs }): Step[] => {
    if (kind !== "level" && kind !== "term") return [];
    return [
      {
        key: `${kind} ${label}`,
        kind,
        label: short,
        value: values[column] ?? null,
        low: lows[column] ?? null,
        high: highs[column] ?? null,
        text: texts[column] ?? "",
        interval: intervals[column] ?? "",
      },
    ];
  });
}
