/** Where a prediction differs from the reference, voxel by voxel. */

import type { MaskVolume } from "./maskVolume";

export const ERROR_PARTS = ["agreement", "false_positive", "false_negative"] as const;
export type ErrorPart = (typeof ERROR_PARTS)[number];
export const ERROR_WORDS: Readonly<Record<ErrorPart, string>> = {
  agreement: "agreement",
  false_positive: "too much",
  false_negative: "missed",
};

/**
 * The part of each voxel: 0 where neither mask holds any of the structures, else 1 + its place in ERROR_PARTS. A voxel
 * agrees when all structures do; what one structure misses weighs more than what another has too much.
 */
export function errorParts(
  reference: MaskVolume,
  prediction: MaskVolume,
  structures: readonly number[],
): Uint8Array<ArrayBuffer> {
  if (reference.bits.length !== prediction.bits.length) throw new Error("The masks are of different images.");
  const wanted = structures.reduce((bits, structure) => (bits | (1 << structure)) >>> 0, 0);
  const parts = new Uint8Array(reference.bits.length);
  for (let index = 0; index < parts.length; index += 1) {
    const expected = ((reference.bits[index] as number) & wanted) >>> 0;
    const found = ((prediction.bits[index] as number) & wanted) >>> 0;
    if (expected === 0 && found === 0) continue;
    if ((expected & ~found) !== 0) parts[index] = 3;
    else parts[index] = expected === found ? 1 : 2;
  }
  return parts;
}

export type ErrorCounts = Record<ErrorPart, number>;

export function errorCounts(parts: Uint8Array): ErrorCounts {
  const counts = [0, 0, 0, 0];
  for (const part of parts) counts[part] = (counts[part] ?? 0) + 1;
  return { agreement: counts[1] ?? 0, false_positive: counts[2] ?? 0, false_negative: counts[3] ?? 0 };
}
