/** The views of a case as one PNG, with what is needed to find it again. */

import type { ScoredCase } from "@/api";
import type { CaseView } from "@/components/viewer/viewer";
import { formatScore } from "@/lib/metrics";
import { caseScore } from "./cases";
import { type Pane, paneWords } from "./paneList";

interface About {
  scored: ScoredCase;
  /** The model of each pane. */
  models: readonly (string | null)[];
  words: readonly string[];
  nameOf: (choice: string) => string;
}

/** Saves it under the case's name. Throws where nothing is on screen yet. */
export async function savePicture(
  views: readonly (CaseView | null)[],
  panes: readonly Pane[],
  { scored, models, words, nameOf }: About,
): Promise<void> {
  const { snapshot } = await import("@/components/viewer/snapshot");
  const shown = panes.flatMap((pane, index) => {
    const canvas = views[index]?.canvas();
    if (!canvas) return [];
    const model = models[index] ?? null;
    const dice = model === null ? null : caseScore(scored, model, null, "dice");
    const caption = [
      paneWords(pane.kind),
      model && nameOf(model),
      dice !== null && `Dice ${formatScore(dice, "dice")}`,
    ];
    return [{ canvas, caption: caption.filter(Boolean).join(", ") }];
  });
  if (shown.length === 0) throw new Error("Nothing is on screen yet: wait for the image, then try again.");
  const blob = await snapshot(shown, shown.length === 1 ? 1 : 2, [words.join(" · "), addressOf(scored)]);
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = `${scored.name.replace(/[^\w-]+/g, "-")}.png`;
  link.click();
  URL.revokeObjectURL(link.href);
}

/** The address of the case, without how it was looked at. */
function addressOf(scored: ScoredCase): string {
  const { origin, pathname } = window.location;
  return `${origin}${pathname}?case=${encodeURIComponent(JSON.stringify(scored.case_id))}`;
}
