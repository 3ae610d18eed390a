import { expect, it } from "vitest";
import { readViews, shownView, viewOf, withView } from "./savedViews";

const FAILED = { name: "Failed", search: { runState: "failed", columns: ["seed"] } } as never;

it("keeps what is the table's of an address, and forgets the rest when a view is shown", () => {
  const view = viewOf({ find: "fedsm", tab: "experiments" } as never);
  expect(view.find).toBe("fedsm");
  expect("tab" in view).toBe(false);
  expect(Object.entries(view)).toContainEqual(["runState", undefined]);
});

it("replaces a view of the same name, in the order of names", () => {
  const saved = withView(withView([], { name: "b", search: viewOf({} as never) }), FAILED);
  expect(saved.map(({ name }) => name)).toEqual(["b", "Failed"]);
  const again = withView(saved, { name: "b", search: viewOf({ find: "x" } as never) });
  expect(again.map(({ name, search }) => [name, search.find])).toEqual([
    ["b", "x"],
    ["Failed", undefined],
  ]);
});

it("knows the view that is shown, also after it was kept", () => {
  const saved = readViews(JSON.stringify([FAILED]));
  expect(shownView(saved, { runState: "failed", columns: ["seed"] } as never)?.name).toBe("Failed");
  expect(shownView(saved, { runState: "failed" } as never)).toBeUndefined();
});

it("takes what is no list of views for none", () => {
  for (const kept of [undefined, "", "{", "{}", '[{"name": ""}]', '[{"search": {}}]'])
    expect(readViews(kept)).toEqual([]);
});

it("keeps the views next to an entry that is none", () => {
  const kept = JSON.stringify([{ name: "" }, FAILED, 3, null]);
  expect(readViews(kept).map(({ name }) => name)).toEqual(["Failed"]);
});
