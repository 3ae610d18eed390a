export * from "./client";
export * as api from "./generated/sdk.gen";
export type * from "./generated/types.gen";
export * from "./live";
export type { ModelSet } from "./modelSet";
export { isPart } from "./pages";
export * from "./queries";
