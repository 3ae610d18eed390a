/** NiiVue behind the few calls that the case viewer needs. This module and NiiVue are fetched only with the viewer. */

import { DRAG_MODE, Niivue, NVImage, SLICE_TYPE } from "@niivue/niivue";
import { gunzip, type MaskVolume, outline, parseMask, structureVoxels, toNifti } from "@/lib/nifti";
import type { OverlayStyle } from "@/lib/urlState";

export interface Layer {
  /** Which mask: layers of one URL share its download. */
  url: string;
  structure: number;
  colour: [number, number, number];
  style: Exclude<OverlayStyle, "off">;
  /** Structures that are filled above this one: it leaves their place free, so that colours never mix. */
  above: number[];
}

/** An outline is about a 160th of the image wide, so that it looks the same on every image. */
const OUTLINE_SHARE = 160;
/** A thin line needs more ink than an area to be seen as well. */
const OUTLINE_STRENGTH = 1.8;
const NO_CROSSHAIR = 0;
const PLAIN_VIEW: [number, number, number, number] = [0, 0, 0, 1];

async function download(url: string, signal: AbortSignal): Promise<ArrayBuffer> {
  const response = await fetch(url, { credentials: "same-origin", signal });
  if (!response.ok) {
    throw new Error(
      `The backend answered ${response.status} for a file of this case. Reload the page, or evaluate the run again.`,
    );
  }
  return await gunzip(await response.arrayBuffer());
}

function layerOpacity(layer: Layer, opacity: number): number {
  return layer.style === "fill" ? opacity : Math.min(1, OUTLINE_STRENGTH * opacity);
}

/** The voxels less those of other structures of the same mask. */
function without(mask: MaskVolume, voxels: Uint8Array, others: readonly number[]): Uint8Array {
  const taken = others.map((structure) => structureVoxels(mask, structure));
  return voxels.map((value, index) => (taken.some((other) => other[index] === 1) ? 0 : value));
}

export class CaseView {
  readonly #niivue: Niivue;
  #layers: readonly Layer[] = [];

  private constructor(niivue: Niivue) {
    this.#niivue = niivue;
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
    const urls = [...new Set(layers.map((layer) => layer.url))];
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
      layers.map((layer) => this.#overlay(layer, maskOf.get(layer.url) as MaskVolume, opacity)),
    );
    if (signal.aborted) return;
    this.#layers = layers;
    this.#niivue.volumes = [];
    for (const volume of [background, ...overlays]) this.#niivue.addVolume(volume);
    this.#niivue.setInterpolation(false);
    this.#niivue.updateGLVolume();
  }

  async #overlay(layer: Layer, mask: MaskVolume, opacity: number): Promise<NVImage> {
    const [red, green, blue] = layer.colour;
    const colormap = `structure-${red}-${green}-${blue}`;
    this.#niivue.addColormap(colormap, { R: [0, red], G: [0, green], B: [0, blue], A: [0, 255], I: [0, 255] });
    const filled = structureVoxels(mask, layer.structure);
    const thickness = Math.max(1, Math.round(Math.max(mask.width, mask.height) / OUTLINE_SHARE));
    const voxels =
      layer.style === "fill" ? without(mask, filled, layer.above) : outline(filled, mask.width, mask.height, thickness);
    const name = `overlay-${layer.structure}.nii`;
    return await NVImage.new(
      toNifti(mask, voxels),
      name,
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

  setOpacity(opacity: number): void {
    this.#layers.forEach((layer, index) => {
      this.#niivue.setOpacity(index + 1, layerOpacity(layer, opacity));
    });
  }

  resetView(): void {
    this.#niivue.setPan2Dxyzmm(PLAIN_VIEW);
  }

  detach(): void {
    this.#niivue.cleanup();
  }
}
