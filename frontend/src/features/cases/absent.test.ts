import { expect, it } from "vitest";
import { absentSentences, absentStructures } from "./absent";

const FOUND = { dice: 0.8, sensitivity: 0.9 };
const MISSED = { dice: 0, sensitivity: 0 };
const MISSING = { dice: null, sensitivity: null };
const INVENTED = { dice: 0, sensitivity: null };

it("tells what is in neither mask from what is invented and from what is missed", () => {
  const scores = { disc: FOUND, cup: MISSED, drusen: MISSING, haemorrhage: INVENTED };
  expect(absentStructures(scores)).toEqual({ missing: ["drusen"], invented: ["haemorrhage"] });
});

it("says nothing where the reference holds everything", () => {
  expect(absentSentences({ disc: FOUND, cup: MISSED })).toEqual([]);
});

it("says what a healthy image counts for", () => {
  expect(absentSentences({ disc: MISSING })).toEqual(["In neither mask: disc. No score, counted as missing."]);
  expect(absentSentences({ disc: INVENTED })).toEqual(["Not in the reference, but drawn by this model: disc. Dice 0."]);
});
