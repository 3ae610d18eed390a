/** Code that is fetched when it is first shown, also where the connection is away just then. */

import { type ComponentType, type LazyExoticComponent, lazy } from "react";

const RETRY_MS = 2_000;

/** As React's lazy(), whose component would stay broken after one failure, and the page with it. */
// biome-ignore lint/suspicious/noExplicitAny: React's own bound
export function lazyPart<Part extends ComponentType<any>>(
  importer: () => Promise<{ default: Part }>,
): LazyExoticComponent<Part> {
  return lazy(() => patientImport(importer));
}

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
