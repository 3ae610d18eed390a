import { describe, expect, it } from "vitest";
import type { SitePolicy, SiteRecord, SiteTask } from "@/api";
import { doing, onlineSentence, ownPolicySentences, policyInShort, policySentences, taskSentence } from "./sites";

const TASK: SiteTask = {
  kind: "train_site",
  started_at: null,
  fraction: 0.4,
  round: 3,
  num_rounds: 20,
  run_label: "FedSM, seed 0",
  run_id: "r",
  experiment_id: "e",
  dataset_id: null,
};
const POLICY: SitePolicy = {
  allowed_strategies: null,
  may_send_thumbnails: true,
  may_send_images: true,
  may_send_predictions: true,
  may_send_hashes: true,
  minimum_count: 10,
};

describe("what a site is doing", () => {
  it("names the round and the run", () => {
    expect(taskSentence(TASK)).toBe("Training, round 3 of 20 (FedSM, seed 0)");
    expect(taskSentence({ ...TASK, kind: "evaluate_site" })).toBe("Testing the models, round 3 of 20 (FedSM, seed 0)");
  });

  it("says how far a check is, and how many other things run", () => {
    const check: SiteTask = { ...TASK, kind: "describe_dataset", round: null, num_rounds: null, run_label: null };
    expect(doing({ tasks: [check] })).toBe("Checking a data set, 40 %");
    expect(doing({ tasks: [TASK, check] })).toBe("Training, round 3 of 20 (FedSM, seed 0), and 1 more");
    expect(doing({ tasks: [] })).toBeUndefined();
  });
});

describe("policies in words", () => {
  it("are short in a table", () => {
    expect(policyInShort(POLICY)).toBe("All methods, all pictures");
    expect(policyInShort({ ...POLICY, allowed_strategies: ["fedsm"], may_send_images: false })).toBe(
      "1 method, no images",
    );
    const none = { may_send_thumbnails: false, may_send_images: false, may_send_predictions: false };
    expect(policyInShort({ ...POLICY, ...none })).toBe("All methods, no pictures");
    expect(policyInShort({ ...POLICY, ...none }, true)).toBe("All methods, no new pictures");
    const some = { may_send_thumbnails: false, may_send_images: false };
    expect(policyInShort({ ...POLICY, ...some }, true)).toBe("All methods, no new thumbnails, no new images");
  });

  it("say each clause", () => {
    const sentences = policySentences({ ...POLICY, allowed_strategies: ["fedsm", "fedavg"], minimum_count: 1 });
    expect(sentences[0]).toBe("Only FedSM, FedAvg may train here.");
    expect(sentences.at(-1)).toBe("Statistics tell every count.");
    expect(policySentences(POLICY).at(-1)).toBe("Statistics tell no count from 1 to 9.");
  });
});

it("counts online sites without those archived, and says which are no machines of their own", () => {
  const site = (state: SiteRecord["state"], kind: SiteRecord["kind"] = "real", archived_at: string | null = null) =>
    ({ state, kind, archived_at }) as SiteRecord;
  const real = [site("online"), site("busy"), site("offline"), site("online", "simulated", "2026-01-01")];
  expect(onlineSentence(real)).toBe("2 of 3 sites online");
  const simulated = [site("online", "simulated"), site("online", "simulated")];
  expect(onlineSentence(simulated)).toBe("2 of 2 sites online, all simulated on this machine");
  expect(onlineSentence([...real, ...simulated])).toBe("4 of 5 sites online, 2 simulated on this machine");
});

describe("a hospital's own policy", () => {
  it("is closed by default", () => {
    expect(ownPolicySentences({})).toEqual([
      "A person approves each run.",
      "Nothing but updates and means leaves.",
      "Means of scores are over 5 cases or more.",
    ]);
  });

  it("says every line that narrows or opens", () => {
    const said = ownPolicySentences({
      methods: ["fedavg"],
      allows_federation: false,
      approves_by_rule: true,
      minimum_training_cases: 20,
      leaves: ["case_scores", "thumbnails", "hashes"],
    });
    expect(said).toEqual([
      "This federation may not work there.",
      "Only FedAvg may train there.",
      "It does not train with fewer than 20 cases.",
      "Some runs are approved by its rules, all others by a person.",
      "Besides updates and means, scores of single test cases, thumbnails and hashes of images may leave.",
    ]);
  });
});
