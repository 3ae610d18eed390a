import { describe, expect, it } from "vitest";
import { pageOf } from "./pages";

describe("pages", () => {
  const rows = Array.from({ length: 100 }, (_, index) => index);
  it("hold 48 cases, and a page that is not there is the last", () => {
    expect(pageOf(rows, undefined)).toMatchObject({ page: 1, pages: 3 });
    expect(pageOf(rows, 9)).toEqual({ rows: [96, 97, 98, 99], page: 3, pages: 3 });
    expect(pageOf([], 4)).toEqual({ rows: [], page: 1, pages: 1 });
  });
});
