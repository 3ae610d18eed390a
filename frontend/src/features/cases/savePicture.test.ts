import { describe, expect, it } from "vitest";
import { ERROR_COLOURS, structureColour } from "@/lib/palette";
import { legendOf, styleWords } from "./savePicture";

const DISC = [{ name: "disc", index: 0 }];
const overlay = { kind: "overlay", model: null } as const;
const error = { kind: "error", model: null } as const;

describe("the words of a saved picture", () => {
  it("say what the colours of an error map mean", () => {
    const errors = [
      { name: "agreement", colour: ERROR_COLOURS.agreement },
      { name: "too much", colour: ERROR_COLOURS.false_positive },
      { name: "missed", colour: ERROR_COLOURS.false_negative },
    ];
    const structures = [{ name: "disc", colour: structureColour(0) }];
    expect(legendOf([overlay], DISC)).toEqual(structures);
    expect(legendOf([overlay, error], DISC)).toEqual([...structures, ...errors]);
    expect(legendOf([error], DISC)).toEqual(errors);
  });

  it("tell reference and prediction apart where both are drawn", () => {
    expect(styleWords([overlay], "outline", "fill")).toEqual(["reference: outline, prediction: fill"]);
    expect(styleWords([overlay], "off", "fill")).toEqual([]);
    expect(styleWords([error], "outline", "fill")).toEqual([]);
  });
});
