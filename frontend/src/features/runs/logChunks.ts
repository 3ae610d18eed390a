/** Long logs in pieces that stay as they are, so that a new line redraws the last piece only. */

import type { EventRecord } from "@/api";

export interface LogChunk {
  key: number;
  lines: EventRecord[];
  /** First and last id and number: equal sums, equal lines. */
  sum: string;
}

/** Ids in a piece. */
const SPAN = 250;

/** Pieces begin at ids, not at positions: earlier lines that come in front move no piece. */
export function chunksOf(lines: readonly EventRecord[]): LogChunk[] {
  const pieces = new Map<number, EventRecord[]>();
  for (const line of lines) {
    const key = Math.floor(line.id / SPAN);
    const piece = pieces.get(key);
    if (piece) piece.push(line);
    else pieces.set(key, [line]);
  }
  return [...pieces].map(([key, piece]) => ({
    key,
    lines: piece,
    sum: `${piece[0]?.id}-${piece.at(-1)?.id}-${piece.length}`,
  }));
}
