/** All that is painted over an image, in one volume of colours: for NiiVue each volume is another pass over all voxels. */

import { type Layer, layerOpacity, layerVoxels, type Plane } from "./layers";
import type { MaskVolume } from "./maskVolume";

/** Number of values of a byte. A layer at most doubles the number of sets. */
const BYTE = 256;

export interface LoadedLayer {
  layer: Layer;
  mask: MaskVolume;
  reference: MaskVolume | undefined;
}

/** Which layers paint each voxel. */
export interface Painting {
  /** Of each voxel its place in `sets`. */
  places: Uint8Array | Uint32Array;
  /** Layers that paint the same voxels, the lowest first. The first set is that of voxels that nothing paints. */
  sets: readonly (readonly Layer[])[];
}

/** loaded: the lowest layer first. Throws where their masks are of different images. */
export function paintingOf(loaded: readonly LoadedLayer[], plane: Plane): Painting {
  let places: Painting["places"] = new Uint8Array(loaded[0]?.mask.bits.length ?? 0);
  const sets: (readonly Layer[])[] = [[]];
  for (const { layer, mask, reference } of loaded) {
    const voxels = layerVoxels(layer, mask, reference, plane);
    if (voxels.length !== places.length) throw new Error("The masks are of different images.");
    if (2 * sets.length > BYTE) places = new Uint32Array(places);
    // From the place of a set to that of the set with this layer.
    const next: number[] = [];
    for (let index = voxels.indexOf(1); index >= 0; index = voxels.indexOf(1, index + 1)) {
      const place = places[index] as number;
      places[index] = next[place] ??= sets.push([...(sets[place] ?? []), layer]) - 1;
    }
  }
  return { places, sets };
}

/** Red, green, blue and opacity of each voxel. */
export function colours({ places, sets }: Painting, opacity: number): Uint8Array<ArrayBuffer> {
  const table = new Uint32Array(Uint8Array.from(sets.flatMap((layers) => colourOf(layers, opacity))).buffer);
  const found = new Uint32Array(places.length);
  for (let index = 0; index < found.length; index += 1) found[index] = table[places[index] as number] as number;
  return new Uint8Array(found.buffer);
}

/** Each layer over those below it. Source: Porter and Duff, Compositing Digital Images (1984), `over`. */
function colourOf(layers: readonly Layer[], opacity: number): number[] {
  let [red, green, blue, alpha] = [0, 0, 0, 0];
  for (const layer of layers) {
    const own = layerOpacity(layer, opacity);
    const below = alpha * (1 - own);
    alpha = own + below;
    if (alpha === 0) continue;
    const over = (colour: number, lower: number) => (colour * own + lower * below) / alpha;
    [red, green, blue] = [over(layer.colour[0], red), over(layer.colour[1], green), over(layer.colour[2], blue)];
  }
  return [red, green, blue, 255 * alpha].map(Math.round);
}
