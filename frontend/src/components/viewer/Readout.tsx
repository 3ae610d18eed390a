import { useEffect, useRef } from "react";
import type { CaseView } from "./viewer";

interface Props {
  view: CaseView;
  canvas: React.RefObject<HTMLCanvasElement | null>;
}

/** Place and value under the pointer, in a corner of the picture. Written past React: the pointer moves in each frame. */
export function Readout({ view, canvas }: Props) {
  const words = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = canvas.current;
    if (!element) return;
    const say = (text: string) => {
      if (words.current) words.current.textContent = text;
    };
    const move = (event: PointerEvent) => {
      const { left, top } = element.getBoundingClientRect();
      say(view.under(event.clientX - left, event.clientY - top) ?? "");
    };
    const leave = () => say("");
    element.addEventListener("pointermove", move);
    element.addEventListener("pointerleave", leave);
    return () => {
      element.removeEventListener("pointermove", move);
      element.removeEventListener("pointerleave", leave);
    };
  }, [view, canvas]);
  return (
    <div
      ref={words}
      data-testid="readout"
      className="tabular"
      style={{
        position: "absolute",
        left: 12,
        top: 10,
        color: "#fff",
        fontSize: 11,
        textShadow: "0 0 3px #000, 0 0 2px #000",
        pointerEvents: "none",
      }}
    />
  );
}
