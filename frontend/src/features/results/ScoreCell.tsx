import { Table } from "@mantine/core";
import { memo } from "react";
import type { Comparison, ComparisonCell, FederationRecord, ResultCell, ShownCell } from "@/api";
import { SiteMark } from "@/components/SiteMark";
import { SIGNIFICANCE_MARK, verdict } from "@/lib/comparison";
import { plural } from "@/lib/format";
import { siteLook } from "@/lib/sites";
import { cellWords, comparisonWords } from "./cellWords";
import classes from "./ResultsTable.module.css";
import type { Column } from "./results";

interface Props {
  cell: ShownCell;
  column: Column;
  difference: ComparisonCell | null;
  comparison: Comparison | null;
  federation: FederationRecord;
  /** True for the cell that the Tab key enters. */
  first: boolean;
}

/** Mean and deviation; below it the difference from the baseline. */
export const ScoreCell = memo(function ScoreCell(props: Props) {
  const { cell, column, difference, comparison, federation, first } = props;
  const { score, lacks } = cell;
  const attributes = {
    ta: "right",
    className: classes.column,
    "data-kind": column.kind,
    "data-unseen": column.unseen,
  } as const;
  if (!score || (score.num_cases === 0 && score.mean === null)) {
    const tip = lacks ?? (column.unseen ? "a site that did not train has no model of its own" : "not tested");
    return (
      <Table.Td {...attributes} data-tip={tip} aria-description={tip} tabIndex={first ? 0 : -1}>
        <span className={classes.deviation}>–</span>
        {lacks && column.kind !== "worst" && <div className={classes.misses}>{lacks}</div>}
      </Table.Td>
    );
  }
  const place = placeName(score, column, federation);
  const words = [
    cellWords(score, place, cell.best, lacks),
    ...(difference && comparison ? [comparisonWords(difference, comparison)] : []),
  ];
  const tip = words.join("\n");
  return (
    <Table.Td {...attributes} data-tip={tip} aria-description={tip} tabIndex={first ? 0 : -1}>
      <span className={classes.value} data-best={cell.best} data-lacks={lacks !== null}>
        {cell.text}
        {cell.deviation !== null && <span className={classes.deviation}> ± {cell.deviation}</span>}
      </span>
      {lacks && <div className={classes.misses}>{lacks}</div>}
      {score.num_misses > 0 && <div className={classes.misses}>{plural(score.num_misses, "miss", "misses")}</div>}
      {column.kind === "worst" && score.site_slug !== null && (
        <div className={classes.worst}>
          <SiteMark {...siteLook(score.site_slug, federation)} size="xs" />
        </div>
      )}
      {difference && comparison && <Difference cell={difference} comparison={comparison} />}
    </Table.Td>
  );
});

function placeName(cell: ResultCell, column: Column, federation: FederationRecord): string {
  const name = cell.site_slug === null ? "All sites that train" : siteLook(cell.site_slug, federation).name;
  if (column.kind === "worst") return `Worst of the sites that train: ${name}`;
  return column.unseen ? `${name}, held out` : name;
}

function Difference({ cell, comparison }: { cell: ComparisonCell; comparison: Comparison }) {
  if (cell.difference === null) return null;
  const found = verdict(cell, comparison);
  const isSame = cell.low === 0 && cell.high === 0;
  return (
    <div className={classes.difference} data-verdict={found}>
      <span>
        {cell.difference_text}
        {found !== "open" && SIGNIFICANCE_MARK}
      </span>
      {cell.interval_text !== null && !isSame && <span className={classes.interval}>{cell.interval_text}</span>}
    </div>
  );
}
