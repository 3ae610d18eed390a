// biome-ignore-all lint/a11y/useSemanticElements: cells are placed by pixels, so that only the columns in view are drawn; table elements place themselves
// biome-ignore-all lint/a11y/useFocusableInteractive: in a grid the cells take the focus, not the rows and heads (ARIA authoring practices, grid)

import { Text } from "@mantine/core";
import { memo } from "react";
import { SiteMark } from "@/components/SiteMark";
import { shortName } from "@/lib/names";
import { LOOKS } from "./laneLooks";
import type { Cell, Lane } from "./lanes";
import classes from "./SwimLane.module.css";
import { describeCell } from "./taskFacts";

export interface CellPlace {
  row: number;
  column: number;
}

/** A cell narrower than this has no room for its icon; colour and pattern still tell the states apart. */
const ICON_WIDTH = 18;

interface Props {
  lane: Lane;
  row: number;
  name: string;
  /** Undefined of what is no site. */
  position: number | undefined;
  first: number;
  last: number;
  cellWidth: number;
  nameWidth: number;
  /** The column that the keyboard is in, where it is in this row. */
  activeColumn: number | undefined;
  best: number | null;
  opened: string | undefined;
  onPoint: (place: CellPlace, rect: DOMRect) => void;
  onActivate: (place: CellPlace) => void;
  onOpenTask: (taskId: string) => void;
}

export const LaneRow = memo(function LaneRow(props: Props) {
  const { lane, row, name, position, first, last, nameWidth, cellWidth } = props;
  return (
    <div className={classes.row} role="row" aria-rowindex={row + 2}>
      <div className={classes.name} role="rowheader" style={{ width: nameWidth }} title={name}>
        {position === undefined ? (
          <Text size="sm" truncate>
            {name}
          </Text>
        ) : (
          <SiteMark position={position} name={shortName(name)} />
        )}
      </div>
      {lane.cells.slice(first, last).map((cell, index) => (
        <CellBox
          key={cell.column}
          {...props}
          cell={cell}
          column={first + index}
          left={nameWidth + (first + index) * cellWidth}
        />
      ))}
    </div>
  );
});

function CellBox({ cell, column, left, ...props }: Props & { cell: Cell; column: number; left: number }) {
  const { row, cellWidth, name } = props;
  const Icon = cell.state === "none" || cell.state === "apart" ? undefined : LOOKS[cell.state].icon;
  const place = { row, column };
  return (
    <button
      type="button"
      role="gridcell"
      aria-colindex={column + 2}
      aria-label={describeCell(cell, name)}
      tabIndex={props.activeColumn === column ? 0 : -1}
      className={classes.cell}
      style={{ left, width: cellWidth - 3 }}
      data-state={cell.state}
      data-best={cell.column === String(props.best)}
      data-open={cell.task !== undefined && cell.task.id === props.opened}
      data-place={`${row}/${column}`}
      onMouseEnter={(event) => props.onPoint(place, event.currentTarget.getBoundingClientRect())}
      onFocus={(event) => {
        props.onActivate(place);
        props.onPoint(place, event.currentTarget.getBoundingClientRect());
      }}
      onClick={() => cell.task && props.onOpenTask(cell.task.id)}
    >
      {Icon && cellWidth >= ICON_WIDTH && <Icon size={14} aria-hidden />}
      {cell.state === "training" && (
        <span className={classes.fraction} style={{ width: `${(cell.task?.fraction ?? 0) * 100}%` }} />
      )}
    </button>
  );
}
