import { useEffect, useState } from "react";
import type { ScoredCase } from "@/api";
import { modelOfCase } from "@/lib/caseScores";

/** Delay before the neighbouring cases are prefetched. */
const RESTS_MS = 400;

/** Fetches the files of the cases that J and K lead to, so that they open without waiting for the network. Says whether
 * all of them have been asked for and answered. */
export function usePrepared(cases: readonly (ScoredCase | undefined)[], model: string) {
  const urls = cases.flatMap((scored) =>
    scored ? [scored.image_url, scored.reference_url, scored.predictions[modelOfCase(model, scored)]] : [],
  );
  const wanted = urls.filter(Boolean).join(" ");
  const [answered, setAnswered] = useState<string>();
  useEffect(() => {
    if (!wanted) return;
    const abort = new AbortController();
    const timer = setTimeout(async () => {
      const { caseFile } = await import("@/components/viewer/caseFiles");
      // What fails here fails again, with its reason on screen, when the case is opened.
      await Promise.allSettled(wanted.split(" ").map((url) => caseFile(url, abort.signal)));
      if (!abort.signal.aborted) setAnswered(wanted);
    }, RESTS_MS);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [wanted]);
  return !wanted || answered === wanted;
}
