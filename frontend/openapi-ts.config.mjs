export { default } from "./scripts/openapi-ts.options.mjs";
