import { expect, it } from "vitest";
import type { RegisteredModelRecord, VersionScore, VersionSummary } from "@/api";
import { aliasChoices, referencesOf, scoreText, whyNoSiteIsAdded } from "./registry";

const SCORE = { dice: 0.81234, low: 0.79, high: 0.834 } as VersionScore;
const MODEL = {
  aliases: { "in use": 1, trial: 2 },
  versions: [{ run_id: "b", reference: "fundus:2" } as VersionSummary, { run_id: "a", reference: "fundus:1" }],
} as unknown as RegisteredModelRecord;

it("says a score with its interval, where there is one", () => {
  expect(scoreText(SCORE)).toMatch(/^0\.81\d* \(0\.79\d* to 0\.83\d*\)$/);
  expect(scoreText({ ...SCORE, low: null, high: null })).toMatch(/^0\.81\d*$/);
  expect(scoreText({ ...SCORE, dice: null })).toBe("–");
  expect(scoreText(null)).toBe("–");
});

it("finds a run's versions, and offers the usual aliases once", () => {
  expect(referencesOf([MODEL], "a").map(({ reference }) => reference)).toEqual(["fundus:1"]);
  expect(aliasChoices(MODEL)).toEqual(["best", "in use", "trial"]);
  expect(aliasChoices(undefined)).toEqual(["best", "in use"]);
});

it("says why a model gets no site in closed form", () => {
  const lda = { name: "fedsm", selector: { name: "lda" } } as const;
  expect(whyNoSiteIsAdded(lda)).toBeNull();
  expect(whyNoSiteIsAdded({ ...lda, routing: "quality" })).toMatch(/learned/);
  expect(whyNoSiteIsAdded({ name: "fedsm", selector: { name: "cnn" } })).toMatch(/trained network/);
  expect(whyNoSiteIsAdded({ name: "fedavg" })).toMatch(/Only the model selector of FedSM/);
});
