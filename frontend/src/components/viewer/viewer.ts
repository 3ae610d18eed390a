/** NiiVue behind the few calls that the case viewer needs. This module and NiiVue are fetched only with the viewer. */

import { DRAG_MODE, Niivue, NVImage, SLICE_TYPE } from "@niivue/niivue";
import { ERROR_PARTS, type ErrorCounts, type ErrorPart, errorCounts, errorParts } from "@/lib/errorMap";
import { gunzip, type MaskVolume, mostDifferentSlice, outline, parseMask, structureVoxels, toNifti } from "@/lib/nifti";
import type { OverlayStyle } from "@/lib/urlState";

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

export const PLANES = ["axial", "coronal", "sagittal", "all"] as const;
export type Plane = (typeof PLANES)[number];

/** What can be moved in a volume. Slices are counted from 0: left to right, posterior to anterior, inferior to superior. */
export interface VolumeInfo {
  slices: Record<Exclude<Plane, "all">, number>;
  /** Of the stored values, and the part of it that is shown from black to white at first. */
  range: [number, number];
  window: [number, number];
}

const SLICE_TYPES: Record<Plane, SLICE_TYPE> = {
  axial: SLICE_TYPE.AXIAL,
  coronal: SLICE_TYPE.CORONAL,
  sagittal: SLICE_TYPE.SAGITTAL,
  all: SLICE_TYPE.MULTIPLANAR,
};
/** Along which of right, anterior and superior a plane's slices follow each other; `all` moves axially. */
const AXES: Record<Plane, 0 | 1 | 2> = { sagittal: 0, coronal: 1, axial: 2, all: 2 };
const CROSSHAIR = 1;

/** An outline is about a 160th of the image wide, so that it looks the same on every image. */
const OUTLINE_SHARE = 160;
/** A thin line needs more ink than an area to be seen as well. */
const OUTLINE_STRENGTH = 1.8;
const NO_CROSSHAIR = 0;
const PLAIN_VIEW: [number, number, number, number] = [0, 0, 0, 1];

/** The axial slice in which two masks differ most, by voxels of the structures; undefined where nowhere. */
export async function worstSlice(
  referenceUrl: string,
  predictionUrl: string,
  structures: readonly number[],
  signal: AbortSignal,
): Promise<number | undefined> {
  const [reference, prediction] = await Promise.all(
    [referenceUrl, predictionUrl].map(async (url) => parseMask(await download(url, signal))),
  );
  return reference && prediction ? mostDifferentSlice(reference, prediction, structures) : undefined;
}

/** How many voxels of the structures agree, are too many, are missed. */
export async function countErrors(
  referenceUrl: string,
  predictionUrl: string,
  structures: readonly number[],
  signal: AbortSignal,
): Promise<ErrorCounts> {
  const [reference, prediction] = await Promise.all(
    [referenceUrl, predictionUrl].map(async (url) => parseMask(await download(url, signal))),
  );
  return errorCounts(errorParts(reference as MaskVolume, prediction as MaskVolume, structures));
}

async function download(url: string, signal: AbortSignal): Promise<ArrayBuffer> {
  const response = await fetch(url, { credentials: "same-origin", signal });
  if (!response.ok) {
    throw new Error(
      `The backend answered ${response.status} for a file of this case. Reload the page, or evaluate the run again.`,
    );
  }
  return await gunzip(await response.arrayBuffer());
}

function isError(layer: Layer): layer is ErrorLayer {
  return "part" in layer;
}

function urlsOf(layer: Layer): string[] {
  return isError(layer) ? [layer.url, layer.reference] : [layer.url];
}

function layerOpacity(layer: Layer, opacity: number): number {
  return isError(layer) || layer.style === "fill" ? opacity : Math.min(1, OUTLINE_STRENGTH * opacity);
}

/** The voxels less those of other structures of the same mask. */
function without(mask: MaskVolume, voxels: Uint8Array, others: readonly number[]): Uint8Array {
  const taken = others.map((structure) => structureVoxels(mask, structure));
  return voxels.map((value, index) => (taken.some((other) => other[index] === 1) ? 0 : value));
}

/** 1 where the layer paints. */
function layerVoxels(layer: Layer, mask: MaskVolume, reference: MaskVolume | undefined): Uint8Array {
  if (isError(layer)) {
    const wanted = 1 + ERROR_PARTS.indexOf(layer.part);
    return errorParts(reference as MaskVolume, mask, layer.structures).map((part) => (part === wanted ? 1 : 0));
  }
  const filled = structureVoxels(mask, layer.structure);
  if (layer.style === "fill") return without(mask, filled, layer.above);
  const thickness = Math.max(1, Math.round(Math.max(mask.width, mask.height) / OUTLINE_SHARE));
  return outline(filled, mask.width, mask.height, thickness);
}

export class CaseView {
  readonly #niivue: Niivue;
  #layers: readonly Layer[] = [];
  #plane: Plane = "axial";
  /** Told the slice of the present plane when wheel or mouse moved it. */
  onSlice: (slice: number) => void = () => {};

  private constructor(niivue: Niivue) {
    this.#niivue = niivue;
    niivue.onLocationChange = () => {
      const slice = this.slice();
      if (slice !== undefined) this.onSlice(slice);
    };
  }

  /** Throws if the browser gives no WebGL 2. */
  static async attach(canvas: HTMLCanvasElement): Promise<CaseView> {
    const niivue = new Niivue({
      backColor: [0, 0, 0, 1],
      show3Dcrosshair: false,
      crosshairWidth: NO_CROSSHAIR,
      isOrientationTextVisible: false,
      isColorbar: false,
      isRadiologicalConvention: false,
      sliceType: SLICE_TYPE.AXIAL,
      dragMode: DRAG_MODE.pan,
      dragAndDropEnabled: false,
      loadingText: "",
      logLevel: "error",
    });
    await niivue.attachToCanvas(canvas);
    return new CaseView(niivue);
  }

  /** Shows the image and, over it, the layers in their order. Nothing changes on screen before all is at hand. */
  async show(imageUrl: string, layers: readonly Layer[], opacity: number, signal: AbortSignal): Promise<void> {
    const urls = [...new Set(layers.flatMap(urlsOf))];
    const [image, ...masks] = await Promise.all([
      download(imageUrl, signal),
      ...urls.map(async (url) => parseMask(await download(url, signal))),
    ]);
    const maskOf = new Map(urls.map((url, index) => [url, masks[index] as MaskVolume]));
    const background = await NVImage.new(
      image,
      "image.nii",
      "gray",
      1,
      null,
      Number.NaN,
      Number.NaN,
      true,
      0,
      false,
      false,
      "",
      0,
      0,
      Number.NaN,
      Number.NaN,
      false,
      null,
      0,
      null,
    );
    const overlays = await Promise.all(
      layers.map((layer) => {
        const [mask, reference] = urlsOf(layer).map((url) => maskOf.get(url));
        return this.#overlay(layer, mask as MaskVolume, reference, opacity);
      }),
    );
    if (signal.aborted) return;
    this.#layers = layers;
    this.#niivue.volumes = [];
    for (const volume of [background, ...overlays]) this.#niivue.addVolume(volume);
    this.#niivue.setInterpolation(false);
    this.#niivue.updateGLVolume();
  }

  async #overlay(layer: Layer, mask: MaskVolume, reference: MaskVolume | undefined, opacity: number): Promise<NVImage> {
    const [red, green, blue] = layer.colour;
    const colormap = `structure-${red}-${green}-${blue}`;
    this.#niivue.addColormap(colormap, { R: [0, red], G: [0, green], B: [0, blue], A: [0, 255], I: [0, 255] });
    return await NVImage.new(
      toNifti(mask, layerVoxels(layer, mask, reference)),
      "overlay.nii",
      colormap,
      layerOpacity(layer, opacity),
      null,
      0,
      1,
      true,
      0,
      false,
      false,
      "",
      0,
      0,
      Number.NaN,
      Number.NaN,
      false,
      null,
      0,
      null,
    );
  }

  /** What can be moved, or null for a picture. */
  volume(): VolumeInfo | null {
    const image = this.#niivue.volumes[0];
    const size = image?.dimsRAS;
    if (!image || !size || (size[3] ?? 1) <= 1) return null;
    const [, sagittal = 1, coronal = 1, axial = 1] = size;
    return {
      slices: { sagittal, coronal, axial },
      range: [image.global_min ?? 0, image.global_max ?? 1],
      window: [image.cal_min ?? 0, image.cal_max ?? 1],
    };
  }

  /** Volumes alone: a picture has one plane. */
  showPlane(plane: Plane): void {
    const isVolume = this.volume() !== null;
    this.#plane = isVolume ? plane : "axial";
    // With `pan` the wheel zooms; otherwise it steps through the slices.
    this.#niivue.opts.dragMode = isVolume ? DRAG_MODE.contrast : DRAG_MODE.pan;
    this.#niivue.opts.isOrientationTextVisible = isVolume;
    // As radiologists look at a patient: from the feet, the patient's left on the right.
    this.#niivue.opts.isRadiologicalConvention = isVolume;
    this.#niivue.setCrosshairWidth(this.#plane === "all" ? CROSSHAIR : NO_CROSSHAIR);
    this.#niivue.setSliceType(SLICE_TYPES[this.#plane]);
  }

  showSlice(slice: number): void {
    const info = this.volume();
    if (!info) return;
    const axis = AXES[this.#plane];
    this.#niivue.scene.crosshairPos[axis] = (slice + 0.5) / this.#count(info);
    this.#niivue.drawScene();
  }

  /** The stored values that become black and white. */
  showWindow([low, high]: readonly [number, number]): void {
    const image = this.#niivue.volumes[0];
    if (!image) return;
    image.cal_min = low;
    image.cal_max = high;
    this.#niivue.updateGLVolume();
  }

  #count(info: VolumeInfo): number {
    return info.slices[this.#plane === "all" ? "axial" : this.#plane];
  }

  /** The slice of the present plane; undefined for a picture. */
  slice(): number | undefined {
    const info = this.volume();
    if (!info) return undefined;
    const count = this.#count(info);
    const share = this.#niivue.scene.crosshairPos[AXES[this.#plane]] ?? 0.5;
    return Math.min(count - 1, Math.max(0, Math.floor(share * count)));
  }

  setOpacity(opacity: number): void {
    this.#layers.forEach((layer, index) => {
      this.#niivue.setOpacity(index + 1, layerOpacity(layer, opacity));
    });
  }

  /** What a mouse moves here moves in the others too: zoom, position, slice. */
  follow(others: readonly CaseView[]): void {
    this.#niivue.broadcastTo(
      others.map((other) => other.#niivue),
      { "2d": true, "3d": true },
    );
  }

  /** What is on screen now, for a picture of it. */
  canvas(): HTMLCanvasElement | null {
    this.#niivue.drawScene(); // the drawing buffer is empty once a frame is over
    return this.#niivue.canvas;
  }

  resetView(): void {
    this.#niivue.setPan2Dxyzmm(PLAIN_VIEW);
  }

  detach(): void {
    this.#niivue.cleanup();
  }
}
