import * as v from "valibot";
import { describe, expect, it } from "vitest";
import { casesSearch, toggled } from "./search";

describe("the address of the viewer", () => {
  it("reads a whole deep link of the viewer", () => {
    const link = {
      case: "c1",
      model: "super",
      structure: "optic cup",
      site: "a",
      reference: "fill",
      prediction: "off",
      opacity: 0.4,
      hidden: [1],
    };
    expect(v.parse(casesSearch, link)).toEqual(link);
  });

  it("drops what is not valid and keeps the rest", () => {
    const read = v.parse(casesSearch, {
      case: "c1",
      reference: "blinking",
      opacity: 7,
      hidden: [1, "x", -2],
      unknown: true,
    });
    expect(read.case).toBe("c1");
    expect(read.reference).toBeUndefined();
    expect(read.opacity).toBeUndefined();
    expect(read.hidden).toEqual([1]);
    expect(read).not.toHaveProperty("unknown");
  });

  it("toggles an index and forgets an empty list", () => {
    expect(toggled(undefined, 2)).toEqual([2]);
    expect(toggled([2], 0)).toEqual([0, 2]);
    expect(toggled([2], 2)).toBeUndefined();
  });
});
