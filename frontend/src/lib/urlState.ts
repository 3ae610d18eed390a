/** What the URL holds of each screen. Reads anything, keeps what is valid: a mistyped link still opens the page. */

import type { ScoreName } from "@/api";
import { CASE_ORDERS, type CaseOrder } from "./cases";
import { EXPERIMENT_ORDERS, EXPERIMENT_STATES, type ExperimentOrder, type ExperimentState } from "./experimentList";
import { METRIC_NAMES } from "./metrics";
import { type RunSearch, readRunSearch } from "./runSearch";
import { STEPS, type Step } from "./steps";

export const OVERLAY_STYLES = ["outline", "fill", "off"] as const;
export type OverlayStyle = (typeof OVERLAY_STYLES)[number];

export const BASELINE_MODELS = ["global", "personalized", "super"] as const;
export type BaselineModel = (typeof BASELINE_MODELS)[number];

export interface CasesSearch {
  case?: string;
  /** Left out: Dice. */
  metric?: ScoreName;
  model?: string;
  structure?: string;
  site?: string;
  /** Left out: worst first. */
  order?: CaseOrder;
  reference?: OverlayStyle;
  prediction?: OverlayStyle;
  opacity?: number;
  /** Of a volume; left out: axial. */
  plane?: "coronal" | "sagittal" | "all" | "3d";
  /** The stored values that are black and white; left out: the viewer's choice. */
  window?: [number, number];
  /** Whose masks are shown; left out: the best round's. */
  round?: number;
  /** Part of a case's name. */
  find?: string;
  /** The model that the super model used. */
  used?: string;
  /** Only cases that the selector sent to another site's model. */
  wrong?: boolean;
  /** Only cases with scores from here; left out: from any. */
  from?: number;
  /** Up to here. */
  to?: number;
  /** Of the plane, from 0; left out: the one with the largest error. */
  slice?: number;
  /** Indices of structures that are not shown. */
  hidden?: number[];
  /** What stands side by side, as lib/panes.ts writes it; left out: one picture. */
  panes?: string[];
}

export interface ExperimentSearch extends RunSearch {
  /** The tab: `results`, or a run's id. */
  run?: string;
  metric?: ScoreName;
  /** Left out: each run's best round. */
  checkpoint?: "last";
  /** Left out: the mean over structures. */
  structure?: string;
  /** The method that the others are compared with, and which of its models. */
  baseline?: string;
  baselineModel?: BaselineModel;
  /** Key of the column that the table is sorted by. */
  sort?: string;
  /** Left out: best first. */
  order?: "worst";
  /** Id of the run whose matrix and selector are shown. */
  detail?: string;
  /** Whose cases the selector is looked at on; left out: those of all sites that train. */
  site?: string;
  /** The threshold at which the super model is looked at. */
  gamma?: number;
  /** Ids of the runs whose curves are laid over each other; left out: one of each method. */
  curves?: string[];
  /** What the curves are of; left out: validation Dice. */
  measure?: "loss";
}

export interface ModelSearch {
  /** The image that is shown. */
  prediction?: string;
  /** Whose mask is shown; left out: the chosen model's. */
  model?: string;
}

export interface CompareSearch {
  /** Ids of the runs; the first is what the others are compared with. */
  runs?: string[];
  metric?: ScoreName;
  checkpoint?: "last";
  structure?: string;
  /** Settings that are equal in all runs too. */
  all?: boolean;
}

export interface SetupSearch {
  /** Left out: the first. */
  step?: Step;
  /** Id of the experiment that the new one is a copy of. */
  clone?: string;
  /** Id of the dry run that is shown. */
  dry?: string;
}

export interface FederationSearch {
  tab?: "sites" | "datasets" | "statistics" | "experiments" | "models";
  /** What is looked for among the experiments. */
  find?: string;
  state?: ExperimentState;
  /** Left out: the newest first. */
  order?: ExperimentOrder;
  archived?: boolean;
  /** Slug of the site whose details are open. */
  site?: string;
  /** Sites as hub and spokes; left out: as a table. */
  picture?: boolean;
  /** What the distances of the sites are shown by; left out: all together. */
  part?: DistancePart;
  /** Of images in two places, from 1. */
  page?: number;
}

export const DISTANCE_PARTS = ["overall", "intensity", "spacing", "size", "structure_size", "prevalence"] as const;
export type DistancePart = (typeof DISTANCE_PARTS)[number];

export interface FederationsSearch {
  find?: string;
  archived?: boolean;
}

export const CASE_SPLITS = ["train", "val", "test"] as const;

export interface DatasetSearch {
  /** Left out: the gallery of used cases. */
  view?: "skipped" | "patients" | "distributions" | "history";
  split?: (typeof CASE_SPLITS)[number];
  /** Repaired cases alone. */
  repaired?: boolean;
  /** Part of a case's name. */
  find?: string;
  /** Why cases are skipped. */
  reason?: string;
  /** Of the gallery and of tables, from 1. */
  page?: number;
  /** Name of the case that is shown large. */
  case?: string;
}

export interface ActivitySearch {
  text?: string;
  /** Left out: everything but the steps of runs. */
  kind?:
    | "everything"
    | "status"
    | "task"
    | "log"
    | "dataset"
    | "site"
    | "experiment"
    | "federation"
    | "user"
    | "storage";
  /** That one and graver ones. */
  level?: "warning" | "error";
  actor?: string;
  federation?: string;
  span?: "hour" | "day" | "week" | "month";
}

type Raw = Record<string, unknown>;

/** Ids and names come back from the URL's JSON as numbers where they consist of digits. */
function text(value: unknown): string | undefined {
  if (typeof value === "number") return String(value);
  return typeof value === "string" && value !== "" ? value : undefined;
}

function texts(value: unknown): string[] | undefined {
  const known = Array.isArray(value) ? value.flatMap((item) => text(item) ?? []) : [];
  return known.length > 0 ? known : undefined;
}

function oneOf<Choice extends string>(value: unknown, choices: readonly Choice[]): Choice | undefined {
  return choices.find((choice) => choice === value);
}

function finite(value: unknown): number | undefined {
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
}

function whole(value: unknown): number | undefined {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 ? value : undefined;
}

function windowOf(value: unknown): [number, number] | undefined {
  const [low, high] = Array.isArray(value) ? value.map(finite) : [];
  return low !== undefined && high !== undefined && low < high ? [low, high] : undefined;
}

export function readCasesSearch(raw: Raw): CasesSearch {
  const opacity = Number(raw.opacity);
  const slice = Number(raw.slice);
  const hidden = Array.isArray(raw.hidden) ? raw.hidden.filter((index) => Number.isInteger(index) && index >= 0) : [];
  return {
    case: text(raw.case),
    metric: oneOf(raw.metric, METRIC_NAMES),
    model: text(raw.model),
    structure: text(raw.structure),
    site: text(raw.site),
    order: oneOf(raw.order, CASE_ORDERS),
    reference: oneOf(raw.reference, OVERLAY_STYLES),
    prediction: oneOf(raw.prediction, OVERLAY_STYLES),
    opacity: raw.opacity !== undefined && opacity >= 0 && opacity <= 1 ? opacity : undefined,
    hidden: hidden.length > 0 ? hidden : undefined,
    panes: texts(raw.panes),
    window: windowOf(raw.window),
    round: whole(raw.round),
    find: text(raw.find),
    used: text(raw.used),
    wrong: raw.wrong === true || undefined,
    from: finite(raw.from),
    to: finite(raw.to),
    plane: oneOf(raw.plane, ["coronal", "sagittal", "all", "3d"] as const),
    slice: raw.slice !== undefined && Number.isInteger(slice) && slice >= 0 ? slice : undefined,
  };
}

export function readExperimentSearch(raw: Raw): ExperimentSearch {
  const gamma = Number(raw.gamma);
  return {
    ...readRunSearch(raw),
    run: text(raw.run),
    metric: oneOf(raw.metric, METRIC_NAMES),
    checkpoint: oneOf(raw.checkpoint, ["last"] as const),
    structure: text(raw.structure),
    baseline: text(raw.baseline),
    baselineModel: oneOf(raw.baselineModel, BASELINE_MODELS),
    sort: text(raw.sort),
    order: oneOf(raw.order, ["worst"] as const),
    detail: text(raw.detail),
    site: text(raw.site),
    gamma: raw.gamma !== undefined && gamma >= 0 && gamma <= 1 ? gamma : undefined,
    curves: texts(raw.curves),
    measure: oneOf(raw.measure, ["loss"] as const),
  };
}

export function readModelSearch(raw: Raw): ModelSearch {
  return { prediction: text(raw.prediction), model: text(raw.model) };
}

export function readCompareSearch(raw: Raw): CompareSearch {
  return {
    runs: texts(raw.runs),
    metric: oneOf(raw.metric, METRIC_NAMES),
    checkpoint: oneOf(raw.checkpoint, ["last"] as const),
    structure: text(raw.structure),
    all: raw.all === true ? true : undefined,
  };
}

export function readSetupSearch(raw: Raw): SetupSearch {
  return { step: oneOf(raw.step, STEPS), clone: text(raw.clone), dry: text(raw.dry) };
}

export function readFederationSearch(raw: Raw): FederationSearch {
  return {
    tab: oneOf(raw.tab, ["sites", "datasets", "statistics", "experiments", "models"] as const),
    find: text(raw.find),
    state: oneOf(raw.state, EXPERIMENT_STATES),
    order: oneOf(raw.order, EXPERIMENT_ORDERS),
    archived: flag(raw.archived),
    site: text(raw.site),
    picture: flag(raw.picture),
    part: oneOf(raw.part, DISTANCE_PARTS),
    page: pageNumber(raw.page),
  };
}

export function readFederationsSearch(raw: Raw): FederationsSearch {
  return { find: text(raw.find), archived: flag(raw.archived) };
}

export function readDatasetSearch(raw: Raw): DatasetSearch {
  return {
    view: oneOf(raw.view, ["skipped", "patients", "distributions", "history"] as const),
    split: oneOf(raw.split, CASE_SPLITS),
    repaired: raw.repaired === true || raw.repaired === "true" || undefined,
    find: text(raw.find),
    reason: text(raw.reason),
    page: pageNumber(raw.page),
    case: text(raw.case),
  };
}

/** The first page is left out. */
function pageNumber(value: unknown): number | undefined {
  const page = Number(value);
  return Number.isInteger(page) && page > 1 ? page : undefined;
}

function flag(value: unknown): true | undefined {
  return value === true ? true : undefined;
}

export function readActivitySearch(raw: Raw): ActivitySearch {
  const kinds = [
    "everything",
    "status",
    "task",
    "log",
    "dataset",
    "site",
    "experiment",
    "federation",
    "user",
    "storage",
  ] as const;
  return {
    text: text(raw.text),
    kind: oneOf(raw.kind, kinds),
    level: oneOf(raw.level, ["warning", "error"] as const),
    actor: text(raw.actor),
    federation: text(raw.federation),
    span: oneOf(raw.span, ["hour", "day", "week", "month"] as const),
  };
}

/** The list with the item put in or taken out; undefined when that leaves none, so that the URL stays short. */
export function toggled(list: readonly number[] | undefined, item: number): number[] | undefined {
  const present = list ?? [];
  const next = present.includes(item) ? present.filter((other) => other !== item) : [...present, item].sort();
  return next.length > 0 ? next : undefined;
}
