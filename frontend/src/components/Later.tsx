import { Skeleton } from "@mantine/core";
import { type ReactNode, startTransition, useEffect, useRef, useState } from "react";
import { waitForTurn } from "./turns";

interface Props {
  /** About how high the content is, in pixels: what is below keeps its place. */
  height: number;
  children: ReactNode;
}

/** What is below the window, drawn and asked for when it comes near, or once the window's own content is there. */
export function Later({ height, children }: Props) {
  const { place, isDue } = useTurn();
  if (isDue) return children;
  return <Skeleton ref={place} h={height} aria-busy aria-label="Loading" />;
}

/** `isDue`: `place` is near the window, or nothing is being asked of the backend and the browser has time for one more. */
export function useTurn() {
  const place = useRef<HTMLDivElement>(null);
  // A browser of tests has neither: there everything is due.
  const [isDue, setDue] = useState(() => typeof IntersectionObserver === "undefined");
  useEffect(() => {
    const element = place.current;
    if (isDue || !element) return;
    const draw = () => startTransition(() => setDue(true));
    const observer = new IntersectionObserver((seen) => seen.some(({ isIntersecting }) => isIntersecting) && draw(), {
      rootMargin: "200px",
    });
    observer.observe(element);
    const leave = waitForTurn(draw);
    return () => {
      observer.disconnect();
      leave();
    };
  }, [isDue]);
  return { place, isDue };
}
