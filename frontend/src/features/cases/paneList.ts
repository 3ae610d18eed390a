/** The panes of the case viewer, side by side. A pane is written `kind` or `kind:model` in the address. */

import type { ScoredCase } from "@/api";
import { modelOfCase } from "@/lib/caseScores";

export const PANE_KINDS = ["overlay", "reference", "prediction", "error", "image"] as const;
export type PaneKind = (typeof PANE_KINDS)[number];

export interface Pane {
  kind: PaneKind;
  /** A choice of the viewer's (`personalized` is the model of the case's own site); null: the one chosen above. */
  model: string | null;
}

/** One, two or four: three would leave a hole. */
export const PANE_COUNTS = [1, 2, 4] as const;
export const SINGLE: readonly Pane[] = [{ kind: "overlay", model: null }];

const WORDS: Record<PaneKind, string> = {
  overlay: "Both masks",
  reference: "Reference",
  prediction: "Prediction",
  error: "Error map",
  image: "Image alone",
};
/** These show a model's mask. */
const OF_MODEL: readonly PaneKind[] = ["overlay", "prediction", "error"];

export function hasModel(kind: PaneKind): boolean {
  return OF_MODEL.includes(kind);
}

export function paneText({ kind, model }: Pane): string {
  return model === null || !hasModel(kind) ? kind : `${kind}:${model}`;
}

/** null for what is no pane. */
export function readPane(text: string): Pane | null {
  const [kind, ...model] = text.split(":");
  const known = PANE_KINDS.find((name) => name === kind);
  if (!known) return null;
  return { kind: known, model: model.length > 0 && hasModel(known) ? model.join(":") : null };
}

/** The model next to the one that it is compared with, where the address says nothing of views. */
export function comparedPanes(against: string): readonly Pane[] {
  return [
    { kind: "overlay", model: null },
    { kind: "overlay", model: against },
  ];
}

/** The panes of the address, cut to a number that has a layout; a link with a mistyped pane still opens. */
export function readPanes(texts: readonly string[] | undefined): readonly Pane[] {
  const panes = (texts ?? []).flatMap((text) => readPane(text) ?? []);
  const count = [...PANE_COUNTS].reverse().find((number) => number <= panes.length);
  return count === undefined ? SINGLE : panes.slice(0, count);
}

export interface Preset {
  label: string;
  panes: readonly Pane[];
}

const pane = (kind: PaneKind, model: string | null = null): Pane => ({ kind, model });

/** What people compare, of the models that there are. */
export function presets(models: readonly string[]): Preset[] {
  const both = models.includes("global") && models.includes("personalized");
  return [
    { label: "One", panes: SINGLE },
    { label: "Reference | prediction", panes: [pane("reference"), pane("prediction")] },
    { label: "Prediction | error map", panes: [pane("overlay"), pane("error")] },
    ...(both
      ? [{ label: "Global | personalized", panes: [pane("overlay", "global"), pane("overlay", "personalized")] }]
      : []),
    {
      label: "Four",
      panes: both
        ? [pane("reference"), pane("overlay", "global"), pane("overlay", "personalized"), pane("error")]
        : [pane("image"), pane("reference"), pane("prediction"), pane("error")],
    },
  ];
}

/** A layout with this number of panes: the first of the present ones stay, the preset adds the others. */
export function resized(panes: readonly Pane[], count: number, models: readonly string[]): readonly Pane[] {
  if (panes.length >= count) return panes.slice(0, count);
  if (panes.length === 1) return presets(models).find((preset) => preset.panes.length === count)?.panes ?? panes;
  const more = presets(models).at(-1)?.panes ?? [];
  return [...panes, ...more.slice(panes.length)].slice(0, count);
}

/** The model of a pane in one case; null for panes without one. */
export function paneModel(shown: Pane, chosen: string, scored: ScoredCase): string | null {
  return hasModel(shown.kind) ? modelOfCase(shown.model ?? chosen, scored) : null;
}

export function paneWords(kind: PaneKind): string {
  return WORDS[kind];
}
