import { useDebouncedCallback } from "@mantine/hooks";
import { useEffect, useRef, useState } from "react";
import type { CasesSearch } from "./search";

/** Delay after a movement before the address changes, because browsers refuse a change with every frame. */
const SETTLED_MS = 250;

interface Position {
  caseId: string;
  /** undefined: wherever the viewer is. */
  slice: number | undefined;
}

/**
 * The slice and the window of the case on screen. They follow slider, keys, wheel and mouse at once, and the address when
 * they rest. A case without a slice in the address opens at its worst.
 */
export function usePosition(
  caseId: string,
  search: CasesSearch,
  worst: number | undefined,
  update: (change: CasesSearch) => void,
) {
  const [position, setPosition] = useState<Position>({ caseId, slice: search.slice });
  const [window, setShownWindow] = useState(search.window);
  const opened = useRef(search.slice === undefined ? "" : caseId);
  const latest = useRef(caseId);
  latest.current = caseId;
  const changes = useRef<CasesSearch>({});
  const settle = useDebouncedCallback((at: string) => {
    const settled = changes.current;
    changes.current = {};
    if (at === latest.current) update(settled);
  }, SETTLED_MS);
  const tell = (change: CasesSearch) => {
    changes.current = { ...changes.current, ...change };
    settle(caseId);
  };
  const slice = position.caseId === caseId ? position.slice : search.slice;
  useEffect(() => {
    if (opened.current === caseId || worst === undefined) return;
    opened.current = caseId;
    setPosition({ caseId, slice: worst });
    // The viewer said where it was before the worst slice was known.
    changes.current = { ...changes.current, slice: undefined };
  }, [caseId, worst]);
  return {
    slice,
    window,
    moveTo: (next: number) => {
      if (next === slice) return;
      setPosition({ caseId, slice: next });
      tell({ slice: next });
    },
    setWindow: (next: [number, number] | undefined) => {
      setShownWindow(next);
      tell({ window: next });
    },
    /** Another plane begins at its middle. */
    forget: () => {
      opened.current = caseId;
      setPosition({ caseId, slice: undefined });
    },
  };
}
