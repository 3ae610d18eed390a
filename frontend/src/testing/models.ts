/** Models of one run and their registered versions. */

import type { VersionRecord } from "@/api";
import { federation, site } from "./records";

const EYES = federation({ sites: [site({})] });
/** Written from right to left. */
export const HEBREW = "ניסוי 3";

/** With of the facts only what the page shows. */
export function version(number: number, changes: Partial<VersionRecord> = {}): VersionRecord {
  const origin = {
    run_id: "r1",
    experiment_id: "e1",
    experiment_name: HEBREW,
    experiment_archived: false,
    federation_id: "f1",
    strategy_label: "FedAvg",
    seed: 0,
    round: 5,
    num_bytes: 1000,
    sites: ["aster"],
    scores: [],
  };
  const facts = {
    ...origin,
    parts: [],
    data: [],
    changed_settings: [],
    usage: [],
    limits: [],
    notes: [],
    version_scores: [],
    strategy: { name: "fedavg" },
    config: {},
    start: null,
    num_rounds: 9,
    chosen_by_validation: true,
    code_version: "1.0",
    finished_at: "2026-01-02T10:00:00Z",
    task: EYES.task,
  };
  return {
    ...origin,
    id: `v${number}`,
    model_id: "m1",
    name: "fundus",
    number,
    reference: `fundus:${number}`,
    aliases: [],
    notes: `Notes of ${number}.`,
    noted_at: null,
    noted_by: null,
    card: "",
    created_at: "2026-01-02T10:00:00Z",
    created_by: "mira",
    download_url: "/model.zip",
    is_signed: true,
    signature: { fingerprint: "ab" },
    facts,
    ...changes,
  } as unknown as VersionRecord;
}

export const registered = (...numbers: number[]) => [
  { id: "m1", name: "fundus", aliases: {}, versions: numbers.map((number) => version(number)) },
];
const COMPARISON = {
  versions: [version(1), version(2)],
  cautions: [],
  parameters: [],
  scores: [{ model: "global", site_slug: "aster", values: [null, null] }],
};
/** Of the pages of models and their versions. */
export const MODEL_ANSWERS = {
  "GET /federations/f1": EYES,
  "GET /federations/f1/registered-models": registered(1, 2),
  "GET /federations/f1/models": [{ ...version(1).facts, imported: false, finished_at: "2026-01-02T10:00:00Z" }],
  "GET /model-versions/v1": version(1),
  "GET /model-versions/v2": version(2),
  "GET /model-versions/v1/comparison": COMPARISON,
  "GET /runs/r1/tests": [],
  "GET /runs/r1/exports": [],
};
