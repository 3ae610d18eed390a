/** How a mask lies over its image. */

export const OVERLAY_STYLES = ["outline", "fill", "off"] as const;
export type OverlayStyle = (typeof OVERLAY_STYLES)[number];
