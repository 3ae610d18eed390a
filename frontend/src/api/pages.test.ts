import { QueryClient, QueryObserver, queryOptions } from "@tanstack/react-query";
import { expect, test } from "vitest";
import { ApiError } from "./client";
import { allPages, isPart, PAGE, type PageWish, sharedButParts, showParts } from "./pages";

const ENTRIES = Array.from({ length: 2 * PAGE + 3 }, (_, index) => ({ id: `id-${index}` }));
const idOf = (entry: { id: string }) => entry.id;

function server(entries: { id: string }[], wishes: PageWish[]) {
  return async (wish: PageWish) => {
    wishes.push(wish);
    const start = wish.after === undefined ? 0 : entries.findIndex(({ id }) => id === wish.after) + 1;
    if (wish.after !== undefined && start === 0) throw new ApiError(422, "invalid_input", "no entry", [], null);
    return entries.slice(start, start + wish.limit);
  };
}

test("all pages together are the list, and every part is given", async () => {
  const wishes: PageWish[] = [];
  const parts: number[] = [];
  const found = await allPages(server(ENTRIES, wishes), idOf, { onPart: (entries) => parts.push(entries.length) });
  expect(found).toEqual(ENTRIES);
  expect(parts).toEqual([PAGE, 2 * PAGE]);
  expect(wishes.map(({ after }) => after)).toEqual([undefined, `id-${PAGE - 1}`, `id-${2 * PAGE - 1}`]);
});

test("a list whose last page is full ends with an empty one", async () => {
  expect(await allPages(server(ENTRIES.slice(0, PAGE), []), idOf)).toHaveLength(PAGE);
});

test("an entry that was deleted between two pages starts the list anew", async () => {
  const entries = [...ENTRIES];
  const ask = server(entries, []);
  let first = true;
  const found = await allPages(async (wish) => {
    const page = await ask(wish);
    if (first) entries.splice(PAGE - 1, 1);
    first = false;
    return page;
  }, idOf);
  expect(found).toEqual(entries);
});

test("any other error ends it", async () => {
  const ask = () => Promise.reject(new ApiError(500, "internal", "broken", [], null));
  await expect(allPages<{ id: string }>(ask, idOf)).rejects.toThrow("broken");
});

test("once aborted, no page is asked for and no part is given", async () => {
  const wishes: PageWish[] = [];
  const parts: number[] = [];
  const stop = new AbortController();
  const ask = server(ENTRIES, wishes);
  const found = allPages(
    async (wish) => {
      const page = await ask(wish);
      if (wishes.length === 2) stop.abort();
      return page;
    },
    idOf,
    { onPart: (entries) => parts.push(entries.length), signal: stop.signal },
  );
  await expect(found).rejects.toThrow();
  expect([wishes.length, parts]).toEqual([2, [PAGE]]);
  await expect(allPages(ask, idOf, { signal: stop.signal })).rejects.toThrow();
  expect(wishes).toHaveLength(2);
});

/** A list of a query, whose pages come when the test says so. */
function listed(entries: { id: string }[]) {
  const client = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  const asked: ((error?: Error) => void)[] = [];
  const page = server(entries, []);
  const query = queryOptions({
    queryKey: ["list"],
    queryFn: ({ client, queryKey, signal }) =>
      allPages(
        (wish) =>
          new Promise<{ id: string }[]>((resolve, reject) => {
            asked.push((error) => (error ? reject(error) : resolve(page(wish))));
          }),
        idOf,
        { onPart: showParts(client, queryKey), signal },
      ),
    structuralSharing: sharedButParts,
  });
  const observer = new QueryObserver(client, query);
  const shown = () => observer.getCurrentResult();
  const settled = () => new Promise((resolve) => setTimeout(resolve, 5));
  return { client, query, observer, asked, shown, settled };
}

test("the pages so far are known as a part, until the list is whole or where its rest cannot be loaded", async () => {
  for (const last of ["whole", "refused"] as const) {
    const { observer, asked, shown, settled } = listed(ENTRIES);
    const stop = observer.subscribe(() => {});
    expect(isPart(shown().data)).toBe(false);
    asked[0]?.();
    await settled();
    asked[1]?.();
    await settled();
    expect([shown().data?.length, isPart(shown().data)]).toEqual([2 * PAGE, true]);
    asked[2]?.(last === "refused" ? new ApiError(500, "internal", "broken", [], null) : undefined);
    await settled();
    expect(isPart(shown().data)).toBe(last === "refused");
    expect(shown().data?.length).toBe(last === "refused" ? 2 * PAGE : ENTRIES.length);
    expect(shown().error?.message).toBe(last === "refused" ? "broken" : undefined);
    stop();
  }
});

test("a list of which the last page is empty is whole, though it equals its part", async () => {
  const { observer, asked, shown, settled } = listed(ENTRIES.slice(0, PAGE));
  const stop = observer.subscribe(() => {});
  asked[0]?.();
  await settled();
  expect(isPart(shown().data)).toBe(true);
  asked[1]?.();
  await settled();
  expect([shown().data?.length, isPart(shown().data)]).toEqual([PAGE, false]);
  stop();
});

test("a list that is asked for anew is not overwritten by the one before", async () => {
  const { client, query, observer, asked, shown, settled } = listed(ENTRIES);
  const stop = observer.subscribe(() => {});
  asked[0]?.();
  await settled();
  void client.invalidateQueries({ queryKey: query.queryKey });
  await settled();
  const before = asked.length;
  asked[1]?.(); // the second page of the first list
  await settled();
  expect(asked).toHaveLength(before);
  expect(shown().data).toHaveLength(PAGE);
  stop();
});
