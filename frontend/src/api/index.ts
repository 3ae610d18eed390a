export type * from "./generated/types.gen";
export * from "./client";
export * from "./queries";
export * from "./live";
export * as api from "./generated/sdk.gen";
