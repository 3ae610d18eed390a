import type { UseQueryResult } from "@tanstack/react-query";
import { flushSync } from "react-dom";
import { createRoot } from "react-dom/client";
import { expect, it, vi } from "vitest";
import { Loaded } from "./Feedback";

function Words({ data }: { data?: string }) {
  const query = { data, error: null } as UseQueryResult<string, Error>;
  return (
    <Loaded query={query} skeleton="loading">
      {(loaded) => loaded}
    </Loaded>
  );
}

it("draws data that come for the first time in a render that gives way, and data that change at once", async () => {
  vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", false);
  const place = document.createElement("div");
  const root = createRoot(place);
  const show = (data?: string) => {
    flushSync(() => root.render(<Words {...(data === undefined ? {} : { data })} />));
    return place.textContent;
  };
  expect([show(), show("first")]).toEqual(["loading", "loading"]);
  await vi.waitFor(() => expect(place.textContent).toBe("first"), 60_000);
  expect(show("second")).toBe("second");
  root.unmount();
  vi.unstubAllGlobals();
});
