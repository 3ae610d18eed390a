import { describe, expect, it } from "vitest";
import type { ScoredCase, ScoreName } from "@/api";
import { caseScore, modelChoices, neighbour, worstFirst } from "./cases";

/** hd95 is 10 (1 - Dice), and has no value where Dice is 0. */
function scored(name: string, site: string, dice: ScoredCase["dice"]): ScoredCase {
  const scores = Object.fromEntries(
    Object.entries(dice).map(([model, structures]) => [
      model,
      Object.fromEntries(
        Object.entries(structures).map(([structure, value]) => [
          structure,
          { dice: value, hd95: value ? 10 * (1 - value) : null } as Record<ScoreName, number | null>,
        ]),
      ),
    ]),
  );
  return {
    case_id: name,
    name,
    site_slug: site,
    dice,
    scores,
    distance_unit: "px",
    probabilities: null,
    chosen_model: null,
    image_url: null,
    reference_url: null,
    thumbnail_url: null,
    predictions: {},
  };
}

const cases = [
  scored("good", "a", { global: { disc: 0.9, cup: 0.8 }, "personalized/a": { disc: 0.1, cup: 0.1 } }),
  scored("none", "a", { global: { disc: null, cup: null } }),
  scored("bad", "b", { global: { disc: 0.2, cup: 0.95 }, "personalized/b": { disc: 0.7, cup: 0.7 } }),
];
const names = (list: ScoredCase[]) => list.map((entry) => entry.name);

describe("worstFirst", () => {
  it("sorts by the mean over structures, cases without a score last", () => {
    expect(names(worstFirst(cases, "global", null, "dice"))).toEqual(["bad", "good", "none"]);
  });

  it("sorts by one structure", () => {
    expect(names(worstFirst(cases, "global", "cup", "dice"))).toEqual(["good", "bad", "none"]);
  });

  it("takes each case's own personalized model", () => {
    expect(names(worstFirst(cases, "personalized", "disc", "dice"))).toEqual(["good", "bad", "none"]);
  });

  it("knows that a small distance is good, and that none at all may be worst", () => {
    expect(names(worstFirst(cases, "global", "disc", "hd95"))).toEqual(["bad", "good", "none"]);
    const missed = scored("missed", "b", { global: { disc: 0, cup: 0.9 } });
    expect(names(worstFirst([...cases, missed], "global", "disc", "hd95"))).toEqual(["missed", "bad", "good", "none"]);
  });

  it("leaves the given list as it is", () => {
    worstFirst(cases, "global", null, "dice");
    expect(names(cases)).toEqual(["good", "none", "bad"]);
  });
});

describe("caseScore", () => {
  it("leaves missing structures out of the mean", () => {
    expect(caseScore(scored("x", "a", { global: { disc: 0.5, cup: null } }), "global", null, "dice")).toBe(0.5);
  });
});

describe("modelChoices", () => {
  it("folds the personalized models into one choice", () => {
    expect(modelChoices(["global", "personalized/a", "personalized/b", "super"])).toEqual([
      "super",
      "personalized",
      "global",
    ]);
    expect(modelChoices(["global"])).toEqual(["global"]);
  });
});

describe("neighbour", () => {
  it("steps and stays inside the list", () => {
    expect(neighbour(cases, "good", 1)?.name).toBe("none");
    expect(neighbour(cases, "bad", 1)?.name).toBe("bad");
    expect(neighbour(cases, "good", -1)?.name).toBe("good");
    expect(neighbour(cases, undefined, 1)?.name).toBe("good");
  });
});
