import { expect, it } from "vitest";
import type { ModelSet } from "@/api";
import { roundSpans } from "@/lib/roundSpans";
import { originFacts, partTitle, withoutMarks } from "./models";

it("names each file's model, a personalized one by its site", () => {
  expect(partTitle("global")).toEqual({ title: "Global model", site: null });
  expect(partTitle("personalized/aster-clinic")).toEqual({ title: "Personalized model", site: "aster-clinic" });
  expect(partTitle("selector_quality").title).toBe("Model selector, the expected quality of each model");
  expect(partTitle("selector_encoder").title).toBe("Model selector, its image encoder");
});

const SET = {
  strategy: { name: "fedsm", gamma: 0.8, routing: "hard", selector: { name: "lda" } },
  strategy_label: "FedSM",
  seed: 3,
  round: 7,
  num_rounds: 30,
  chosen_by_validation: true,
  finished_at: "2026-03-04T05:06:07Z",
  code_version: "0.1.0",
  config: { network: { name: "unet" }, schedule: { rounds: 30 } },
} as unknown as ModelSet;

it("says by what a set was made", () => {
  expect(Object.fromEntries(originFacts(SET))).toMatchObject({
    Method: "FedSM, seed 3",
    "Best round": "7 of 30, by validation",
    Network: "U-Net",
    "Model selector": "LDA (closed form), threshold γ = 0.8",
    "Trained with": "FedSM Studio 0.1.0",
  });
});

it("does not claim a choice that nobody made", () => {
  const facts = Object.fromEntries(originFacts({ ...SET, chosen_by_validation: false }));
  expect(facts["Best round"]).toBe("7 of 30, the last, for no site has validation cases");
});

it("names rounds in spans, and shows a card's steps as text", () => {
  expect(roundSpans([1, 2, 3, 5, 7, 8])).toBe("1 to 3, 5, 7 to 8");
  expect(roundSpans([])).toBe("");
  expect(withoutMarks("cut at **> 0.5** by `x`")).toBe("cut at > 0.5 by x");
});

it("says what is not known, and nothing of a selector that is not there", () => {
  const facts = originFacts({ ...SET, strategy: { name: "fedavg" }, code_version: null } as unknown as ModelSet);
  expect(Object.fromEntries(facts)["Trained with"]).toBe("FedSM Studio of a version that was not kept");
  expect(facts.map(([label]) => label)).not.toContain("Model selector");
});
