import { scaleBar } from "./barLength";

const MAX_PIXELS = 110;

/** How long something in the picture is. pixelLength: of one pixel of the canvas. */
export function ScaleBar({ pixelLength, unit }: { pixelLength: number; unit: "mm" | "px" }) {
  const bar = scaleBar(pixelLength * window.devicePixelRatio, unit, MAX_PIXELS);
  return (
    <div
      data-testid="scale-bar"
      style={{
        position: "absolute",
        left: 12,
        bottom: 10,
        width: bar.pixels,
        borderBottom: "2px solid #fff",
        color: "#fff",
        fontSize: 11,
        lineHeight: 1.3,
        textAlign: "center",
        textShadow: "0 0 3px #000",
        filter: "drop-shadow(0 0 1px #000)",
        pointerEvents: "none",
      }}
    >
      {bar.label}
    </div>
  );
}
