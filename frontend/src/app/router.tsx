import { createRootRoute, createRoute, createRouter } from "@tanstack/react-router";
import * as v from "valibot";
import { PageSkeleton } from "@/components/Feedback";
import { activitySearch } from "@/features/activity/search";
import { casesSearch } from "@/features/cases/search";
import { compareSearch } from "@/features/compare/search";
import { datasetSearch, newDatasetSearch } from "@/features/datasets/search";
import { setupSearch } from "@/features/experiments/search";
import { federationsSearch } from "@/features/federations/search";
import { helpSearch } from "@/features/help/search";
import { modelSearch, versionSearch } from "@/features/models/search";
import { firstOfCases, firstOfExperiment, firstOfFederation, firstOfHome, firstOfModel } from "./firstData";
import { lazyRouteComponent } from "./lazyPage";
import { NotFound } from "./NotFound";
import { Shell } from "./Shell";
import { experimentSearch, federationSearch } from "./search";

const root = createRootRoute({ component: Shell, notFoundComponent: NotFound });

const federations = createRoute({
  getParentRoute: () => root,
  path: "/",
  validateSearch: federationsSearch,
  loader: ({ cause }) => firstOfHome(cause),
  component: lazyRouteComponent(() => import("@/features/federations/FederationsPage"), "FederationsPage"),
});

const newFederation = createRoute({
  getParentRoute: () => root,
  path: "/federations/new",
  component: lazyRouteComponent(() => import("@/features/federations/NewFederationPage"), "NewFederationPage"),
});

const federation = createRoute({
  getParentRoute: () => root,
  path: "/federations/$federationId",
  validateSearch: federationSearch,
  loader: ({ cause, params }) => firstOfFederation(cause, params.federationId),
  component: lazyRouteComponent(() => import("./pages/FederationPage"), "FederationPage"),
});

const newDataset = createRoute({
  getParentRoute: () => root,
  path: "/federations/$federationId/datasets/new",
  validateSearch: newDatasetSearch,
  component: lazyRouteComponent(() => import("@/features/datasets/NewDatasetPage"), "NewDatasetPage"),
});

const newExperiment = createRoute({
  getParentRoute: () => root,
  path: "/federations/$federationId/experiments/new",
  validateSearch: setupSearch,
  component: lazyRouteComponent(() => import("@/features/experiments/NewExperimentPage"), "NewExperimentPage"),
});

const dataset = createRoute({
  getParentRoute: () => root,
  path: "/datasets/$datasetId",
  validateSearch: datasetSearch,
  component: lazyRouteComponent(() => import("@/features/datasets/DatasetPage"), "DatasetPage"),
});

const departures = createRoute({
  getParentRoute: () => root,
  path: "/sites/$siteId/departures",
  component: lazyRouteComponent(() => import("@/features/federations/DeparturesPage"), "DeparturesPage"),
});

const experiment = createRoute({
  getParentRoute: () => root,
  path: "/experiments/$experimentId",
  validateSearch: experimentSearch,
  loader: ({ cause, params, location }) =>
    firstOfExperiment(cause, params.experimentId, v.parse(experimentSearch, location.search)),
  component: lazyRouteComponent(() => import("./pages/ExperimentPage"), "ExperimentPage"),
});

const cases = createRoute({
  getParentRoute: () => root,
  path: "/runs/$runId/cases",
  validateSearch: casesSearch,
  loader: ({ cause, params, location }) =>
    firstOfCases(cause, params.runId, v.parse(casesSearch, location.search).split),
  component: lazyRouteComponent(() => import("@/features/cases/CasesPage"), "CasesPage"),
});

const model = createRoute({
  getParentRoute: () => root,
  path: "/runs/$runId/model",
  validateSearch: modelSearch,
  loader: ({ cause, params }) => firstOfModel(cause, params.runId),
  component: lazyRouteComponent(() => import("@/features/models/ModelPage"), "ModelPage"),
});

const version = createRoute({
  getParentRoute: () => root,
  path: "/models/$versionId",
  validateSearch: versionSearch,
  component: lazyRouteComponent(() => import("@/features/models/VersionPage"), "VersionPage"),
});

const activity = createRoute({
  getParentRoute: () => root,
  path: "/activity",
  validateSearch: activitySearch,
  component: lazyRouteComponent(() => import("@/features/activity/ActivityPage"), "ActivityPage"),
});

const tokens = createRoute({
  getParentRoute: () => root,
  path: "/tokens",
  component: lazyRouteComponent(() => import("@/features/tokens/TokensPage"), "TokensPage"),
});

const users = createRoute({
  getParentRoute: () => root,
  path: "/users",
  component: lazyRouteComponent(() => import("@/features/users/UsersPage"), "UsersPage"),
});

const signedIn = createRoute({
  getParentRoute: () => root,
  path: "/signed-in",
  component: lazyRouteComponent(() => import("@/features/session/SignedInPage"), "SignedInPage"),
});

const join = createRoute({
  getParentRoute: () => root,
  path: "/join",
  component: lazyRouteComponent(() => import("@/features/session/JoinPage"), "JoinPage"),
});

const storage = createRoute({
  getParentRoute: () => root,
  path: "/storage",
  component: lazyRouteComponent(() => import("@/features/storage/StoragePage"), "StoragePage"),
});

const help = createRoute({
  getParentRoute: () => root,
  path: "/help",
  validateSearch: helpSearch,
  component: lazyRouteComponent(() => import("@/features/help/HelpPage"), "HelpPage"),
});

const helpDocument = createRoute({
  getParentRoute: () => root,
  path: "/help/$document",
  // One page, which keeps its place in the list of documents.
  remountDeps: () => ({}),
  validateSearch: helpSearch,
  component: lazyRouteComponent(() => import("@/features/help/HelpPage"), "HelpPage"),
});

const compare = createRoute({
  getParentRoute: () => root,
  path: "/federations/$federationId/compare",
  validateSearch: compareSearch,
  component: lazyRouteComponent(() => import("@/features/compare/ComparePage"), "ComparePage"),
});

const report = createRoute({
  getParentRoute: () => root,
  path: "/reports/$token",
  component: lazyRouteComponent(() => import("@/features/report/ReportPage"), "ReportPage"),
});

const routeTree = root.addChildren([
  federations,
  newFederation,
  federation,
  newDataset,
  newExperiment,
  dataset,
  departures,
  experiment,
  cases,
  model,
  version,
  activity,
  tokens,
  users,
  join,
  signedIn,
  storage,
  report,
  compare,
  help,
  helpDocument,
]);

/** A router that begins at the address of the window. */
export function makeRouter() {
  return createRouter({
    routeTree,
    defaultPreload: "intent",
    // What was begun on a page, as a note that is written, is of its version, run or site, and not of the next one.
    defaultRemountDeps: ({ params }) => params,
    defaultPendingComponent: PageSkeleton,
    scrollRestoration: true,
  });
}

export const router: ReturnType<typeof makeRouter> = makeRouter();

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
