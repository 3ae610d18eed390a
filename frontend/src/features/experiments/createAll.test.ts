import { describe, expect, it } from "vitest";
import type { ExperimentConfig } from "@/api";
import { type Calls, createAll, progressOf } from "./createAll";
import type { MadeByKey } from "./draft";

const wanted = [1, 2, 3].map((number) => ({
  name: `Try ${number}`,
  description: "",
  config: { schedule: { rounds: number } } as unknown as ExperimentConfig,
}));

/** A backend that refuses what has one of these names, and a browser that keeps what is made. */
function backend(refused: string[] = [], gone: string[] = []) {
  const asked: string[] = [];
  let kept: MadeByKey = {};
  const calls: Calls = {
    create: async ({ name }) => {
      asked.push(`create ${name}`);
      if (refused.includes(name)) throw new Error(`${name} is refused`);
      return `id of ${name}`;
    },
    start: async (id) => {
      asked.push(`start ${id}`);
      if (refused.includes(id)) throw new Error(`${id} is refused`);
    },
    isThere: async (id) => !gone.includes(id),
    keep: (made) => {
      kept = made;
    },
  };
  return { calls, asked, kept: () => kept };
}

describe("creating a sweep", () => {
  it("creates and starts each, in order", async () => {
    const { calls, asked } = backend();
    const all = await createAll(wanted.slice(0, 2), true, {}, calls);
    expect(asked).toEqual(["create Try 1", "start id of Try 1", "create Try 2", "start id of Try 2"]);
    expect(all).toEqual([1, 2].map((number) => ({ id: `id of Try ${number}`, name: `Try ${number}`, started: true })));
  });

  it("that fails keeps what is made, and a second try makes only the rest", async () => {
    const first = backend(["Try 3"]);
    await expect(createAll(wanted, true, {}, first.calls)).rejects.toThrow("Try 3 is refused");
    expect(progressOf(wanted, first.kept())).toEqual({ numWanted: 3, numMade: 2, numStarted: 2, numOthers: 0 });
    const second = backend();
    await createAll(wanted, true, first.kept(), second.calls);
    expect(second.asked).toEqual(["create Try 3", "start id of Try 3"]);
  });

  it("starts what was created and could not be started", async () => {
    const first = backend(["id of Try 2"]);
    await expect(createAll(wanted, true, {}, first.calls)).rejects.toThrow();
    expect(progressOf(wanted, first.kept())).toMatchObject({ numMade: 2, numStarted: 1 });
    const second = backend();
    await createAll(wanted, true, first.kept(), second.calls);
    expect(second.asked).toEqual(["start id of Try 2", "create Try 3", "start id of Try 3"]);
  });

  it("makes anew what somebody has deleted since", async () => {
    const first = backend(["Try 2"]);
    await expect(createAll(wanted, false, {}, first.calls)).rejects.toThrow();
    const second = backend([], ["id of Try 1"]);
    await createAll(wanted.slice(0, 1), false, first.kept(), second.calls);
    expect(second.asked).toEqual(["create Try 1"]);
  });

  it("of a draft that was changed since counts what is there of it before", async () => {
    const first = backend(["Try 3"]);
    await expect(createAll(wanted, false, {}, first.calls)).rejects.toThrow();
    const changed = wanted.map((one) => ({ ...one, description: "Another" }));
    expect(progressOf(changed, first.kept())).toEqual({ numWanted: 3, numMade: 0, numStarted: 0, numOthers: 2 });
  });
});
