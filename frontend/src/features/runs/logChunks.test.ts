import { describe, expect, it } from "vitest";
import type { EventRecord } from "@/api";
import { chunksOf } from "./logChunks";

describe("chunksOf", () => {
  const lines = (from: number, to: number) =>
    Array.from({ length: to - from }, (_, index) => ({ id: from + index }) as EventRecord);

  it("changes only the last piece for a new line, and only the first for earlier ones", () => {
    const sums = (from: number, to: number) => chunksOf(lines(from, to)).map((chunk) => chunk.sum);
    const before = sums(200, 800);
    expect(before).toHaveLength(4);
    expect(sums(200, 801).slice(0, -1)).toEqual(before.slice(0, -1));
    expect(sums(0, 800).slice(1)).toEqual(before.slice(1));
  });
});
