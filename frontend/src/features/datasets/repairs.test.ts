import { expect, it } from "vitest";
import { chosenRepairs, countsText, remedySentence, withRemedies } from "./repairs";

it("tells the most common repair first", () => {
  expect(countsText({ cut_at_half: 3, resize_masks: 41 })).toBe("mask resized (41), mask cut at half (3)");
  expect(countsText({})).toBe("");
});

it("takes one of the two repairs that read the same masks", () => {
  expect(chosenRepairs(["cut_at_half"], ["cut_at_half", "largest_value"])).toEqual(["largest_value"]);
  expect(chosenRepairs(["cut_at_half"], ["cut_at_half", "resize_masks"])).toEqual(["resize_masks", "cut_at_half"]);
  expect(chosenRepairs(["cut_at_half"], [])).toEqual([]);
});

it("adds what would help to what is chosen already", () => {
  const dataset = {
    reading: { label_map: null, channel: null, repairs: ["resize_masks" as const], empty_means_nothing_there: false },
    num_remediable: { cut_at_half: 2, empty_means_nothing_there: 1 },
    num_with_remedy: 3,
  };
  expect(withRemedies(dataset as never)).toEqual({
    repairs: ["resize_masks", "cut_at_half"],
    empty_means_nothing_there: true,
  });
  expect(remedySentence(dataset)).toBe(
    "3 skipped cases would be usable: mask cut at half (2), empty means nothing there (1).",
  );
  expect(remedySentence({ num_remediable: {}, num_with_remedy: 0 })).toBe("");
});
