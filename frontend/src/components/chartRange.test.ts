import { describe, expect, it } from "vitest";
import { zoomed } from "./chartRange";

describe("zoomed", () => {
  it("narrows the range about the pointer and widens it back to everything", () => {
    // About 20 of 0 to 100, by half: 20 - 10 to 20 + 40.
    expect(zoomed({ from: 0, to: 100 }, 20, 0.5, 100)).toEqual({ from: 10, to: 60 });
    expect(zoomed({ from: 10, to: 60 }, 20, 4, 100)).toBeNull();
  });

  it("shows at least one round", () => {
    expect(zoomed({ from: 3, to: 4 }, 3.5, 0.5, 100)).toEqual({ from: 3, to: 4 });
  });
});
