/** Pages that are fetched when they are first opened, also where the connection is away just then. */

import { lazyRouteComponent as lazyComponent } from "@tanstack/react-router";

const RETRY_MS = 2_000;
const IDLE_MS = 4_000;

const importers: (() => Promise<unknown>)[] = [];

/** As the router's own, which would load the whole address anew for a file that does not come: without a connection the
 * browser's error page would replace the application and what was typed into it. */
export const lazyRouteComponent: typeof lazyComponent = (importer, exportName) => {
  importers.push(importer);
  return lazyComponent(() => patientImport(importer), exportName);
};

/** Waits for the connection as often as it is away. Throws where the backend answers and the file is gone, as after an
 * update: then the router loads the new version. */
export async function patientImport<Module>(
  importer: () => Promise<Module>,
  answers: () => Promise<boolean> = backendAnswers,
  wait: () => Promise<void> = nextTry,
): Promise<Module> {
  for (;;) {
    try {
      return await importer();
    } catch {
      if (await answers()) return await importer();
      await wait();
    }
  }
}

async function backendAnswers(): Promise<boolean> {
  if (!navigator.onLine) return false;
  try {
    return (await fetch("/api/v1/health", { cache: "no-store" })).ok;
  } catch {
    return false;
  }
}

/** When the browser is online again, or a little later. */
function nextTry(): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      window.removeEventListener("online", done);
      clearTimeout(timer);
      resolve();
    };
    const timer = setTimeout(done, RETRY_MS);
    window.addEventListener("online", done);
  });
}

/** Fetches the pages' own small files once the first one is shown and nothing else is to do. */
export function fetchPagesWhenIdle(): void {
  setTimeout(() => {
    const idle = window.requestIdleCallback ?? ((work: () => void) => setTimeout(work, 1));
    for (const importer of importers) idle(() => void importer().catch(() => undefined));
  }, IDLE_MS);
}
