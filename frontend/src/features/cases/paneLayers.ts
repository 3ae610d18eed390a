/** What each pane of the viewer paints over the image. */

import type { ScoredCase } from "@/api";
import { ERROR_PARTS } from "@/components/viewer/errorMap";
import type { Layer } from "@/components/viewer/layers";
import { REFERENCE_TINT } from "@/components/viewer/OverlayControls";
import type { OverlayStyle } from "@/components/viewer/overlayStyles";
import { ERROR_COLOURS, rgb, structureColour, tint } from "@/lib/palette";
import type { Pane } from "./paneList";

export interface Look {
  reference: OverlayStyle;
  prediction: OverlayStyle;
  structures: readonly string[];
  hidden: readonly number[];
}

/** model: whose mask the pane shows. A pane with one mask shows it even when it is switched off next to the other. */
export function paneLayers(pane: Pane, model: string | null, scored: ScoredCase, look: Look): Layer[] {
  const prediction = model === null ? undefined : scored.predictions[model];
  const { structures, hidden } = look;
  const masks = (url: string | null | undefined, style: OverlayStyle, white: number) =>
    maskLayers(url, style, structures, hidden, white);
  switch (pane.kind) {
    case "image":
      return [];
    case "reference":
      return masks(scored.reference_url, look.reference, 0);
    case "prediction":
      return masks(prediction, look.prediction, 0);
    case "error":
      return errorLayers(scored.reference_url, prediction, structures, hidden);
    case "overlay":
      return [...masks(prediction, look.prediction, 0), ...masks(scored.reference_url, look.reference, REFERENCE_TINT)];
  }
}

function errorLayers(
  reference: string | null | undefined,
  url: string | undefined,
  structures: readonly string[],
  hidden: readonly number[],
): Layer[] {
  if (!reference || !url) return [];
  const shown = structures.flatMap((_, structure) => (hidden.includes(structure) ? [] : [structure]));
  return ERROR_PARTS.map((part) => ({ url, reference, part, structures: shown, colour: rgb(ERROR_COLOURS[part]) }));
}

/** One layer a visible structure, later structures above earlier ones. */
function maskLayers(
  url: string | null | undefined,
  style: OverlayStyle,
  structures: readonly string[],
  hidden: readonly number[],
  whiteShare: number,
): Layer[] {
  if (!url || style === "off") return [];
  return structures.flatMap((_, structure) => {
    const colour = structureColour(structure);
    if (hidden.includes(structure)) return [];
    const above = structures.flatMap((_, other) => (other > structure && !hidden.includes(other) ? [other] : []));
    return [{ url, structure, style, above, colour: whiteShare > 0 ? tint(colour, whiteShare) : rgb(colour) }];
  });
}
