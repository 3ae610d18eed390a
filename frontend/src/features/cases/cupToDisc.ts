/** What is measured of the structures of a case. */

import { cup_to_disc as patterns } from "@/api/tables.json";
import type { StructureSize } from "@/components/viewer/structureSizes";

/** `mm²`, `px`: pixels of a volume are voxels. */
export function unitOfSize(distanceUnit: string, isVolume: boolean): string {
  if (distanceUnit !== "mm") return isVolume ? "voxels" : "px";
  return isVolume ? "mm³" : "mm²";
}

export interface CupToDisc {
  reference: number;
  prediction: number;
}

/** The height of the optic cup over that of the disc; null where the structures are others, or a mask has no disc. */
export function cupToDisc(
  structures: readonly string[],
  reference: readonly StructureSize[],
  prediction: readonly StructureSize[],
): CupToDisc | null {
  const position = (pattern: string) => structures.findIndex((name) => new RegExp(pattern, "i").test(name));
  const [disc, cup] = [position(patterns.disc), position(patterns.cup)];
  if (disc < 0 || cup < 0) return null;
  const ratio = (sizes: readonly StructureSize[]) => (sizes[cup]?.height ?? 0) / (sizes[disc]?.height || Number.NaN);
  const [expected, found] = [ratio(reference), ratio(prediction)];
  return Number.isNaN(expected) || Number.isNaN(found) ? null : { reference: expected, prediction: found };
}
