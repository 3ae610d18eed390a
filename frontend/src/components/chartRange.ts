/** The rounds that a chart shows. */

export interface Range {
  from: number;
  to: number;
}

/** The range times the factor about a round, within 0 and the last round; null when that is everything. */
export function zoomed(range: Range, about: number, factor: number, last: number): Range | null {
  const from = Math.max(0, about - (about - range.from) * factor);
  const to = Math.min(last, about + (range.to - about) * factor);
  if (to - from < 1) return range;
  return from <= 0 && to >= last ? null : { from: round(from), to: round(to) };
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
