import { describe, expect, it } from "vitest";
import type { ExperimentConfig } from "@/api";
import { startAll } from "./startAll";

const configs = [1, 2, 3].map((rounds) => ({ schedule: { rounds } }) as unknown as ExperimentConfig);

/** A backend that takes a number of dry runs, and a page on which somebody cancels while one is started. */
function page({ maximum = 9, cancelAt = 0 } = {}) {
  const kept: string[][] = [];
  const cancelled: string[] = [];
  let count = 0;
  const calls = {
    start: async () => {
      count += 1;
      if (count > maximum) throw new Error("60 a minute are enough");
      return `d${count}`;
    },
    cancel: async (id: string) => cancelled.push(id),
    keep: (ids: string[]) => kept.push(ids),
    isStopped: () => count === cancelAt && cancelAt > 0,
  };
  return { calls, kept, cancelled, count: () => count };
}

describe("the dry runs of a sweep", () => {
  it("are kept one by one, after those of an earlier try were let go", async () => {
    const { calls, kept } = page();
    await startAll(configs, calls);
    expect(kept).toEqual([[], ["d1"], ["d1", "d2"], ["d1", "d2", "d3"]]);
  });

  it("stay where a later one is refused", async () => {
    const { calls, kept } = page({ maximum: 2 });
    await expect(startAll(configs, calls)).rejects.toThrow("60 a minute");
    expect(kept.at(-1)).toEqual(["d1", "d2"]);
  });

  it("end with the one that is started while somebody cancels", async () => {
    const { calls, kept, cancelled, count } = page({ cancelAt: 2 });
    await startAll(configs, calls);
    expect([kept.at(-1), cancelled, count()]).toEqual([["d1"], ["d2"], 2]);
  });
});
