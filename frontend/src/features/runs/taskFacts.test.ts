import { describe, expect, it } from "vitest";
import { visibleColumns } from "./taskFacts";

describe("visibleColumns", () => {
  it("is what fits, six columns next to it, and a few before the width is known", () => {
    // 300 px of 20 px columns from 400 px on: 20 to 35.
    expect(visibleColumns(400, 300, 20, 300)).toEqual([14, 41]);
    expect(visibleColumns(0, 300, 20, 10)).toEqual([0, 10]);
    expect(visibleColumns(0, 0, 20, 300)).toEqual([0, 20]);
  });
});
