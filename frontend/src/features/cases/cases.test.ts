import { describe, expect, it } from "vitest";
import type { ScoredCase, ScoreName } from "@/api";
import { caseScore } from "@/lib/caseScores";
import { casesCsv, filterCases, modelChoices, neighbour, ordered } from "./cases";

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
    unlikeness: null,
    unlike: null,
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

describe("ordered", () => {
  it("sorts by the mean over structures, cases without a score last", () => {
    expect(names(ordered(cases, "global", null, "dice"))).toEqual(["bad", "good", "none"]);
  });

  it("sorts by one structure", () => {
    expect(names(ordered(cases, "global", "cup", "dice"))).toEqual(["good", "bad", "none"]);
  });

  it("takes each case's own personalized model", () => {
    expect(names(ordered(cases, "personalized", "disc", "dice"))).toEqual(["good", "bad", "none"]);
  });

  it("knows that a small distance is good, and that none at all may be worst", () => {
    expect(names(ordered(cases, "global", "disc", "hd95"))).toEqual(["bad", "good", "none"]);
    const missed = scored("missed", "b", { global: { disc: 0, cup: 0.9 } });
    expect(names(ordered([...cases, missed], "global", "disc", "hd95"))).toEqual(["missed", "bad", "good", "none"]);
  });

  it("leaves the given list as it is", () => {
    ordered(cases, "global", null, "dice");
    expect(names(cases)).toEqual(["good", "none", "bad"]);
  });

  it("puts the best first or goes by name; a case without the structure stays last", () => {
    expect(names(ordered(cases, "global", "disc", "dice", "best"))).toEqual(["good", "bad", "none"]);
    expect(names(ordered([scored("10", "a", {}), scored("9", "a", {})], "global", null, "dice", "name"))).toEqual([
      "9",
      "10",
    ]);
  });
});

describe("caseScore", () => {
  it("leaves missing structures out of the mean", () => {
    expect(caseScore(scored("x", "a", { global: { disc: 0.5, cup: null } }), "global", null, "dice")).toBe(0.5);
  });
});

describe("filterCases", () => {
  const dice = (entry: ScoredCase) => caseScore(entry, "global", null, "dice");

  it("takes site, part of the name, and a range of scores", () => {
    expect(names(filterCases(cases, { site: "a" }, dice))).toEqual(["good", "none"]);
    expect(names(filterCases(cases, { find: "OO" }, dice))).toEqual(["good"]);
    expect(names(filterCases(cases, { from: 0, to: 0.6 }, dice))).toEqual(["bad"]);
    expect(names(filterCases(cases, {}, dice))).toEqual(["good", "none", "bad"]);
  });

  it("finds cases that went to another site's model; the global model is nobody's", () => {
    const routed = [
      { ...scored("own", "a", {}), chosen_model: "personalized/a" },
      { ...scored("other", "a", {}), chosen_model: "personalized/b" },
      { ...scored("unsure", "a", {}), chosen_model: "global" },
    ];
    expect(names(filterCases(routed, { wrong: true }, dice))).toEqual(["other"]);
    expect(names(filterCases(routed, { used: "global" }, dice))).toEqual(["unsure"]);
  });
});

describe("casesCsv", () => {
  it("writes a line for each model and structure, and quotes what needs it", () => {
    const lines = casesCsv([scored('a "b", c', "s", { global: { disc: 0.5, cup: null } })], ["global"]).split("\r\n");
    expect(lines[0]).toContain("case,site,model,structure,dice");
    expect(lines[1]).toContain('"a ""b"", c",s,global,disc,0.5,');
    expect(lines[2]).toContain("global,cup,,");
    expect(lines).toHaveLength(4);
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
