/** A chart's tooltip with a row a site: in columns where there are many, the largest first, long names cut. */

import { shortName } from "@/lib/names";

const ROWS_A_COLUMN = 10;

interface Row {
  seriesName?: string;
  color?: unknown;
  value?: unknown;
}

/** `numberOf` takes the number out of what the series holds. */
export function siteTooltip(title: string, numberOf: (value: unknown) => number, format: (value: number) => string) {
  return (shown: unknown): string => {
    const rows = (Array.isArray(shown) ? shown : [shown]) as (Row & { axisValueLabel?: string })[];
    const sorted = rows
      .map((row) => ({ row, value: numberOf(row.value) }))
      .filter(({ value }) => Number.isFinite(value))
      .sort((left, right) => right.value - left.value);
    const columns = Math.max(1, Math.ceil(sorted.length / ROWS_A_COLUMN));
    const perColumn = Math.ceil(sorted.length / columns);
    const size = columns > 1 ? 11 : 13;
    const cells = sorted.map(
      ({ row, value }) =>
        `<div style="display:flex;gap:6px;align-items:center"><span style="width:9px;height:9px;border-radius:50%;` +
        `background:${escaped(String(row.color))}"></span><span style="flex:1">` +
        `${escaped(shortName(row.seriesName ?? "", columns > 1 ? 22 : 40))}</span><b>${escaped(format(value))}</b></div>`,
    );
    return (
      `<div style="font-size:${size}px"><div>${escaped(`${title} ${rows[0]?.axisValueLabel ?? ""}`)}</div>` +
      `<div style="display:grid;grid-auto-flow:column;grid-template-rows:repeat(${perColumn},auto);gap:1px 18px">` +
      `${cells.join("")}</div></div>`
    );
  };
}

/** Names are what people typed. */
function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (letter) => `&#${letter.charCodeAt(0)};`);
}
