import { describe, expect, it } from "vitest";
import type { Layer, MaskLayer } from "./layers";
import type { MaskVolume } from "./maskVolume";
import { colours, paintingOf } from "./overlay";

function mask(bits: number[]): MaskVolume {
  const [width, height, depth] = [bits.length, 1, 1];
  return { width, height, depth, spacing: [1, 1, 1], bits: Uint32Array.from(bits) };
}

function layer(structure: number, colour: [number, number, number], style: MaskLayer["style"] = "fill"): Layer {
  return { url: "", structure, colour, style, above: [] };
}

const loaded = (of: MaskVolume, ...layers: Layer[]) =>
  layers.map((layer) => ({ layer, mask: of, reference: undefined }));

function pixels(bytes: Uint8Array): number[][] {
  return Array.from({ length: bytes.length / 4 }, (_, index) => [...bytes.slice(4 * index, 4 * index + 4)]);
}

describe("what is painted over an image", () => {
  it("has each layer's colour where it alone paints, and nothing where none does", () => {
    const painting = paintingOf(loaded(mask([0, 1, 2]), layer(0, [200, 100, 0]), layer(1, [0, 0, 250])), "axial");
    expect(pixels(colours(painting, 0.6))).toEqual([
      [0, 0, 0, 0],
      [200, 100, 0, 153],
      [0, 0, 250, 153],
    ]);
    expect(pixels(colours(painting, 0))).toEqual(Array(3).fill([0, 0, 0, 0]));
  });

  it("lays later layers over earlier ones", () => {
    // Half of 100 over half of 200: (100 * 0.5 + 200 * 0.25) / 0.75, three quarters opaque.
    const both = loaded(mask([3, 3, 1]), layer(0, [200, 0, 0]), layer(1, [100, 0, 0]));
    const painting = paintingOf(both, "axial");
    expect(painting.sets).toHaveLength(3);
    expect(pixels(colours(painting, 0.5))).toEqual([
      [133, 0, 0, 191],
      [133, 0, 0, 191],
      [200, 0, 0, 128],
    ]);
  });

  it("gives an outline more ink than an area", () => {
    const painting = paintingOf(loaded(mask([1]), layer(0, [9, 9, 9], "outline")), "axial");
    expect(pixels(colours(painting, 0.5))).toEqual([[9, 9, 9, 230]]);
  });

  it("tells more sets of layers apart than fit in a byte", () => {
    // Nine structures of which every voxel holds other ones.
    const bits = Array.from({ length: 512 }, (_, index) => index);
    const layers = Array.from({ length: 9 }, (_, structure) => layer(structure, [structure === 8 ? 255 : 0, 0, 0]));
    const painting = paintingOf(loaded(mask(bits), ...layers), "axial");
    expect(painting.sets).toHaveLength(512);
    const reds = pixels(colours(painting, 1)).map(([red]) => red);
    expect(reds).toEqual(bits.map((bit) => (bit >= 256 ? 255 : 0)));
  });

  it("refuses masks of different images", () => {
    const other = { layer: layer(0, [1, 1, 1]), mask: mask([1]), reference: undefined };
    expect(() => paintingOf([...loaded(mask([1, 1]), layer(0, [1, 1, 1])), other], "axial")).toThrow(
      "different images",
    );
    expect(paintingOf([], "axial").places).toHaveLength(0);
  });
});
