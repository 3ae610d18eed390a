/** The views of a case as one PNG or SVG, with what is needed to find it again. */

import type { ScoredCase } from "@/api";
import { ERROR_PARTS, ERROR_WORDS } from "@/components/viewer/errorMap";
import type { OverlayStyle } from "@/components/viewer/overlayStyles";
import type { PictureFormat } from "@/components/viewer/snapshot";
import type { CaseView } from "@/components/viewer/viewer";
import { caseScore } from "@/lib/caseScores";
import { formatScore } from "@/lib/metrics";
import { ERROR_COLOURS, structureColour } from "@/lib/palette";
import { type Pane, paneWords } from "./paneList";

interface About {
  scored: ScoredCase;
  /** The model of each pane. */
  models: readonly (string | null)[];
  words: readonly string[];
  nameOf: (choice: string) => string;
  /** Of the structures that are shown, by their place among all. */
  shown: readonly { name: string; index: number }[];
  /** How the masks are drawn over an image. */
  reference: OverlayStyle;
  prediction: OverlayStyle;
}

/** What the colours of the panes mean: of structures, and of an error map where there is one. */
export function legendOf(panes: readonly Pane[], shown: About["shown"]): { name: string; colour: string }[] {
  const structures = shown.map(({ name, index }) => ({ name, colour: structureColour(index) }));
  const errors = ERROR_PARTS.map((part) => ({ name: ERROR_WORDS[part], colour: ERROR_COLOURS[part] }));
  const isError = ({ kind }: Pane) => kind === "error";
  return [...(panes.every(isError) ? [] : structures), ...(panes.some(isError) ? errors : [])];
}

/** `reference: outline, prediction: fill`, where a pane shows both; nothing else tells them apart. */
export function styleWords(panes: readonly Pane[], reference: OverlayStyle, prediction: OverlayStyle): string[] {
  const both = panes.some(({ kind }) => kind === "overlay") && reference !== "off" && prediction !== "off";
  return both ? [`reference: ${reference}, prediction: ${prediction}`] : [];
}

/** Saves it under the case's name. Throws where nothing is on screen yet. */
export async function savePicture(
  views: readonly (CaseView | null)[],
  panes: readonly Pane[],
  { scored, models, words, nameOf, shown: structures, reference, prediction }: About,
  format: PictureFormat,
): Promise<void> {
  const { snapshot } = await import("@/components/viewer/snapshot");
  const shown = panes.flatMap((pane, index) => {
    const view = views[index];
    if (!view) return [];
    const model = models[index] ?? null;
    const dice = model === null ? null : caseScore(scored, model, null, "dice");
    const caption = [
      paneWords(pane.kind),
      model && nameOf(model),
      dice !== null && `Dice ${formatScore(dice, "dice")}`,
    ];
    return [{ view, caption: caption.filter(Boolean).join(", ") }];
  });
  if (shown.length === 0) throw new Error("Nothing is on screen yet: wait for the image, then try again.");
  const about = {
    legend: legendOf(panes, structures),
    lines: [
      [...words, ...styleWords(panes, reference, prediction)].join(" · "),
      ...(scored.unlike === null ? [] : [scored.unlike]),
      addressOf(scored),
    ],
    unit: scored.distance_unit ?? null,
  };
  const blob = await snapshot(shown, shown.length === 1 ? 1 : 2, about, format);
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = `${scored.name.replace(/[^\w-]+/g, "-")}.${format}`;
  link.click();
  URL.revokeObjectURL(link.href);
}

/** The address of the case, without how it was looked at. */
function addressOf(scored: ScoredCase): string {
  const { origin, pathname } = window.location;
  return `${origin}${pathname}?case=${encodeURIComponent(JSON.stringify(scored.case_id))}`;
}
