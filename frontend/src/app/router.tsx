import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from "@tanstack/react-router";
import { PageSkeleton } from "@/components/Feedback";
import {
  readActivitySearch,
  readCasesSearch,
  readCompareSearch,
  readDatasetSearch,
  readExperimentSearch,
  readFederationSearch,
  readFederationsSearch,
  readModelSearch,
  readSetupSearch,
} from "@/lib/urlState";
import { NotFound } from "./NotFound";
import { Shell } from "./Shell";

const root = createRootRoute({ component: Shell, notFoundComponent: NotFound });

const federations = createRoute({
  getParentRoute: () => root,
  path: "/",
  validateSearch: readFederationsSearch,
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
  validateSearch: readFederationSearch,
  component: lazyRouteComponent(() => import("./pages/FederationPage"), "FederationPage"),
});

const newDataset = createRoute({
  getParentRoute: () => root,
  path: "/federations/$federationId/datasets/new",
  validateSearch: (raw: Record<string, unknown>): { site?: string } => ({
    site: typeof raw.site === "string" ? raw.site : undefined,
  }),
  component: lazyRouteComponent(() => import("@/features/datasets/NewDatasetPage"), "NewDatasetPage"),
});

const newExperiment = createRoute({
  getParentRoute: () => root,
  path: "/federations/$federationId/experiments/new",
  validateSearch: readSetupSearch,
  component: lazyRouteComponent(() => import("@/features/experiments/NewExperimentPage"), "NewExperimentPage"),
});

const dataset = createRoute({
  getParentRoute: () => root,
  path: "/datasets/$datasetId",
  validateSearch: readDatasetSearch,
  component: lazyRouteComponent(() => import("@/features/datasets/DatasetPage"), "DatasetPage"),
});

const experiment = createRoute({
  getParentRoute: () => root,
  path: "/experiments/$experimentId",
  validateSearch: readExperimentSearch,
  component: lazyRouteComponent(() => import("./pages/ExperimentPage"), "ExperimentPage"),
});

const cases = createRoute({
  getParentRoute: () => root,
  path: "/runs/$runId/cases",
  validateSearch: readCasesSearch,
  component: lazyRouteComponent(() => import("@/features/cases/CasesPage"), "CasesPage"),
});

const model = createRoute({
  getParentRoute: () => root,
  path: "/runs/$runId/model",
  validateSearch: readModelSearch,
  component: lazyRouteComponent(() => import("@/features/models/ModelPage"), "ModelPage"),
});

const activity = createRoute({
  getParentRoute: () => root,
  path: "/activity",
  validateSearch: readActivitySearch,
  component: lazyRouteComponent(() => import("@/features/activity/ActivityPage"), "ActivityPage"),
});

const tokens = createRoute({
  getParentRoute: () => root,
  path: "/tokens",
  component: lazyRouteComponent(() => import("@/features/tokens/TokensPage"), "TokensPage"),
});

const storage = createRoute({
  getParentRoute: () => root,
  path: "/storage",
  component: lazyRouteComponent(() => import("@/features/storage/StoragePage"), "StoragePage"),
});

const compare = createRoute({
  getParentRoute: () => root,
  path: "/federations/$federationId/compare",
  validateSearch: readCompareSearch,
  component: lazyRouteComponent(() => import("@/features/compare/ComparePage"), "ComparePage"),
});

const report = createRoute({
  getParentRoute: () => root,
  path: "/reports/$token",
  component: lazyRouteComponent(() => import("@/features/report/ReportPage"), "ReportPage"),
});

export const router = createRouter({
  routeTree: root.addChildren([
    federations,
    newFederation,
    federation,
    newDataset,
    newExperiment,
    dataset,
    experiment,
    cases,
    model,
    activity,
    tokens,
    storage,
    report,
    compare,
  ]),
  defaultPreload: "intent",
  defaultPendingComponent: PageSkeleton,
  scrollRestoration: true,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
