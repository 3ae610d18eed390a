/** How the TypeScript client is made from openapi.json. */
export default {
  input: "./openapi.json",
  output: { path: "./src/api/generated", clean: true },
  plugins: ["@hey-api/typescript", { name: "@hey-api/sdk" }, { name: "@hey-api/client-fetch" }],
};
