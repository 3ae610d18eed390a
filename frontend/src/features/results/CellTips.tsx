import { Tooltip } from "@mantine/core";
import { type FocusEvent, type KeyboardEvent, type MouseEvent, type ReactNode, useState } from "react";
import { useListedShortcuts } from "@/components/useShortcuts";
import type { KeyOf } from "@/lib/shortcuts";
import classes from "./CellTips.module.css";

interface Tip {
  element: HTMLElement;
  text: string;
}

const MOVES: Readonly<Record<KeyOf<"cells">, readonly [number, number]>> = {
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
};

/**
 * One tooltip for all cells of a table: a large one has a thousand. Cells carry their text as `data-tip`.
 *
 * The arrow keys go from cell to cell, so that the table is one stop of the Tab key; Escape closes the tooltip.
 */
export function CellTips({ children }: { children: ReactNode }) {
  const [tip, setTip] = useState<Tip | null>(null);
  useListedShortcuts("cells");
  const show = (event: MouseEvent | FocusEvent) => {
    const element = cellAt(event.target);
    setTip(element?.dataset.tip ? { element, text: element.dataset.tip } : null);
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: it hears what happens to the cells within, which take the focus
    // biome-ignore lint/a11y/noNoninteractiveElementInteractions: the same
    <div
      onMouseOver={show}
      onMouseLeave={() => setTip(null)}
      onFocus={show}
      onBlur={() => setTip(null)}
      onKeyDown={(event) => (event.key === "Escape" ? setTip(null) : moveFocus(event))}
    >
      {children}
      {tip && <Tooltip opened target={tip.element} label={tip.text} multiline maw={340} className={classes.tip} />}
    </div>
  );
}

function cellAt(target: EventTarget): HTMLElement | null {
  return target instanceof Element ? target.closest<HTMLElement>("[data-tip]") : null;
}

function moveFocus(event: KeyboardEvent): void {
  const move = event.key in MOVES ? MOVES[event.key as KeyOf<"cells">] : undefined;
  const from = cellAt(event.target)?.closest("td");
  const row = from?.parentElement;
  if (!move || !from || !(row instanceof HTMLTableRowElement)) return;
  const body = row.parentElement as HTMLTableSectionElement;
  const next = body.rows[row.sectionRowIndex + move[0]]?.cells[from.cellIndex + move[1]];
  const control = next?.matches("[data-tip]") ? next : next?.querySelector<HTMLElement>("[data-tip]");
  if (!control) return;
  event.preventDefault();
  for (const cell of body.querySelectorAll<HTMLElement>("[data-tip]")) cell.tabIndex = cell === control ? 0 : -1;
  control.focus();
}
