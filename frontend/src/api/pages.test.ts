import { expect, test } from "vitest";
import { ApiError } from "./client";
import { allPages, PAGE, type PageWish } from "./pages";

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
  const found = await allPages(server(ENTRIES, wishes), idOf, (entries) => parts.push(entries.length));
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
