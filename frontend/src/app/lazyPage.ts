/** Pages that are fetched when they are first opened, also where the connection is away just then. */

import { lazyRouteComponent as lazyComponent } from "@tanstack/react-router";
import type { ComponentType, LazyExoticComponent } from "react";
import { waitForTurn } from "@/components/turns";
import { lazyPart, patientImport } from "@/lib/patientImport";

const IDLE_MS = 4_000;

const importers: (() => Promise<unknown>)[] = [];

/** As the router's own, which would load the whole address anew for a file that does not come: without a connection the
 * browser's error page would replace the application and what was typed into it. */
export const lazyRouteComponent: typeof lazyComponent = (importer, exportName) => {
  importers.push(importer);
  return lazyComponent(() => patientImport(importer), exportName);
};

/** A part that every page may show, fetched with the pages. */
// biome-ignore lint/suspicious/noExplicitAny: React's own bound
export function lazyEverywhere<Part extends ComponentType<any>>(
  importer: () => Promise<{ default: Part }>,
): LazyExoticComponent<Part> {
  importers.push(importer);
  return lazyPart(importer);
}

/** Fetches the pages' own small files once the first page is whole and nothing else is to do. */
export function fetchPagesWhenIdle(): void {
  setTimeout(() => {
    for (const importer of importers) waitForTurn(() => void importer().catch(() => undefined));
  }, IDLE_MS);
}
