import * as v from "valibot";
import { expect, it } from "vitest";
import { choice, flag, index, indices, number, numberBetween, page, range, text, texts } from "./search";

it.each([
  ["ids of digits come back as numbers", text, 17, "17"],
  ["an empty text is none", text, "", undefined],
  ["no text", text, { a: 1 }, undefined],
  ["texts that are valid", texts, ["a", 7, null], ["a", "7"]],
  ["no valid text", texts, [null, ""], undefined],
  ["one text where several are expected", texts, "a", undefined],
  ["true", flag, true, true],
  ["false is left out", flag, false, undefined],
  ["a number", number, -0.5, -0.5],
  ["no number", number, "0.5", undefined],
  ["no finite number", number, Number.NaN, undefined],
  ["both bounds", numberBetween(0, 1), 1, 1],
  ["above the bounds", numberBetween(0, 1), 1.01, undefined],
  ["the first index", index, 0, 0],
  ["no index", index, -1, undefined],
  ["half an index", index, 1.5, undefined],
  ["indices that are valid", indices, [1, "x", -2, 0], [1, 0]],
  ["the second page", page, 2, 2],
  ["the first page is left out", page, 1, undefined],
  ["a range", range, [-3, 4], [-3, 4]],
  ["a range from above", range, [4, -3], undefined],
  ["half a range", range, [4], undefined],
  ["a known choice", choice(["a", "b"]), "b", "b"],
  ["an unknown choice", choice(["a", "b"]), "c", undefined],
])("reads %s", (_, part, raw, read) => {
  expect(v.parse(v.object({ part }), { part: raw, more: 1 })).toEqual({ part: read });
  expect(v.parse(v.object({ part }), {})).toEqual({});
});
