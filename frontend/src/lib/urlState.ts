/** What the URL holds of each screen. Reads anything, keeps what is valid: a mistyped link still opens the page. */

export const OVERLAY_STYLES = ["outline", "fill", "off"] as const;
export type OverlayStyle = (typeof OVERLAY_STYLES)[number];

export interface CasesSearch {
  case?: string;
  model?: string;
  structure?: string;
  site?: string;
  reference?: OverlayStyle;
  prediction?: OverlayStyle;
  opacity?: number;
  /** Indices of structures that are not shown. */
  hidden?: number[];
}

export interface ExperimentSearch {
  run?: string;
}

export interface FederationSearch {
  tab?: "sites" | "datasets" | "experiments";
}

export interface DatasetSearch {
  view?: "gallery" | "skipped";
}

type Raw = Record<string, unknown>;

/** Ids and names come back from the URL's JSON as numbers where they consist of digits. */
function text(value: unknown): string | undefined {
  if (typeof value === "number") return String(value);
  return typeof value === "string" && value !== "" ? value : undefined;
}

function oneOf<Choice extends string>(value: unknown, choices: readonly Choice[]): Choice | undefined {
  return choices.find((choice) => choice === value);
}

export function readCasesSearch(raw: Raw): CasesSearch {
  const opacity = Number(raw.opacity);
  const hidden = Array.isArray(raw.hidden) ? raw.hidden.filter((index) => Number.isInteger(index) && index >= 0) : [];
  return {
    case: text(raw.case),
    model: text(raw.model),
    structure: text(raw.structure),
    site: text(raw.site),
    reference: oneOf(raw.reference, OVERLAY_STYLES),
    prediction: oneOf(raw.prediction, OVERLAY_STYLES),
    opacity: raw.opacity !== undefined && opacity >= 0 && opacity <= 1 ? opacity : undefined,
    hidden: hidden.length > 0 ? hidden : undefined,
  };
}

export function readExperimentSearch(raw: Raw): ExperimentSearch {
  return { run: text(raw.run) };
}

export function readFederationSearch(raw: Raw): FederationSearch {
  return { tab: oneOf(raw.tab, ["sites", "datasets", "experiments"] as const) };
}

export function readDatasetSearch(raw: Raw): DatasetSearch {
  return { view: oneOf(raw.view, ["gallery", "skipped"] as const) };
}

/** The list with the item put in or taken out; undefined when that leaves none, so that the URL stays short. */
export function toggled(list: readonly number[] | undefined, item: number): number[] | undefined {
  const present = list ?? [];
  const next = present.includes(item) ? present.filter((other) => other !== item) : [...present, item].sort();
  return next.length > 0 ? next : undefined;
}
