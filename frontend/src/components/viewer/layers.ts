/** What a viewer paints over the image: masks as areas or outlines, and the parts of an error map. */

import { ERROR_PARTS, type ErrorPart, errorParts } from "./errorMap";
import { type Axis, type MaskVolume, outline, structureVoxels } from "./maskVolume";
import type { OverlayStyle } from "./overlayStyles";

/** Layers of one URL share its download. */
export type Layer = MaskLayer | ErrorLayer;

export interface MaskLayer {
  url: string;
  structure: number;
  colour: [number, number, number];
  style: Exclude<OverlayStyle, "off">;
  /** Structures that are filled above this one: it leaves their place free, so that colours never mix. */
  above: number[];
}

/** A part of where the mask differs from the reference. */
export interface ErrorLayer {
  url: string;
  reference: string;
  part: ErrorPart;
  structures: number[];
  colour: [number, number, number];
}

export const PLANES = ["axial", "coronal", "sagittal", "all", "3d"] as const;
export type Plane = (typeof PLANES)[number];

/** The file's axes that a plane's slices span. Of three planes at once an outline is the surface. */
const SPANNED: Record<Plane, readonly Axis[]> = {
  axial: [0, 1],
  coronal: [0, 2],
  sagittal: [1, 2],
  all: [0, 1, 2],
  "3d": [],
};
/** A thin line needs more ink than an area to be seen as well. */
const OUTLINE_STRENGTH = 1.8;

function isError(layer: Layer): layer is ErrorLayer {
  return "part" in layer;
}

/** The mask, and the reference if it is compared with one. */
export function urlsOf(layer: Layer): [string] | [string, string] {
  return isError(layer) ? [layer.url, layer.reference] : [layer.url];
}

/** Whether the layer paints other voxels in another plane. */
export function dependsOnPlane(layer: Layer): boolean {
  return !isError(layer) && layer.style === "outline";
}

export function layerOpacity(layer: Layer, opacity: number): number {
  return dependsOnPlane(layer) ? Math.min(1, OUTLINE_STRENGTH * opacity) : opacity;
}

/** 1 where the layer paints. */
export function layerVoxels(
  layer: Layer,
  mask: MaskVolume,
  reference: MaskVolume | undefined,
  plane: Plane,
): Uint8Array {
  if (isError(layer)) {
    if (!reference) throw new Error("An error map needs the reference.");
    const wanted = 1 + ERROR_PARTS.indexOf(layer.part);
    return errorParts(reference, mask, layer.structures).map((part) => (part === wanted ? 1 : 0));
  }
  if (layer.style === "fill" || plane === "3d") return structureVoxels(mask, layer.structure, layer.above);
  return outline(mask, structureVoxels(mask, layer.structure), SPANNED[plane]);
}
