/** Long lists, a page at a time. */

const PAGE_SIZE = 48;

/** Pages count from 1; one behind the last is the last. */
export function pageOf<Row>(
  rows: readonly Row[],
  page: number | undefined,
  size = PAGE_SIZE,
): { rows: Row[]; page: number; pages: number } {
  const pages = Math.max(1, Math.ceil(rows.length / size));
  const shown = Math.min(page ?? 1, pages);
  return { rows: rows.slice((shown - 1) * size, shown * size), page: shown, pages };
}
