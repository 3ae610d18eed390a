/// <reference types="vitest/config" />
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { constants } from "node:zlib";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";
import { compression, defineAlgorithm } from "vite-plugin-compression2";

const backend = process.env.FEDSM_BACKEND_URL ?? "http://127.0.0.1:8000";
const PAGE_TESTS = ["src/**/*.test.tsx", "src/**/*.dom.test.ts"];
/** These replace a module by `vi.mock`, for themselves alone. */
const MOCKING_TESTS = readdirSync("src", { recursive: true, encoding: "utf8" })
  .filter((name) => /\.test\.tsx?$/.test(name) && readFileSync(`src/${name}`, "utf8").includes("vi.mock("))
  .map((name) => `src/${name.replaceAll("\\", "/")}`);

// Large, and needed by what is fetched only when it is shown.
const VOLUMES = /nifti-reader-js|fflate|viewer[\\/](caseFiles|nifti)\.ts/;
const SEARCH = /minisearch|features[\\/]help[\\/](searchDocuments|queries)\.ts/;
/** Few files, not one for each part that two pages share: HTTP/1.1 fetches six at a time, and each costs the backend work.
 * What a single page needs stays in its own file. */
const CHUNKS = [
  { name: "icons", test: /@tabler[\\/]icons-react/, priority: 3 },
  { name: "vendor", test: /node_modules/, tags: ["$initial" as const], priority: 3 },
  { name: "app", tags: ["$initial" as const], priority: 2 },
  { name: "shared", test: (id: string) => !VOLUMES.test(id) && !SEARCH.test(id), minShareCount: 2, priority: 1 },
  { name: "volumes", test: VOLUMES, minShareCount: 2 },
  { name: "search", test: SEARCH, minShareCount: 2 },
];

const PAGE = {
  include: PAGE_TESTS,
  environment: "jsdom",
  setupFiles: ["./src/test-setup.ts"],
  // A whole page takes seconds to draw on a busy machine, and longer than each wait of test-setup.ts.
  testTimeout: 240_000,
};

export default defineConfig({
  // The backend serves these files as they are: backend/frontend.py chooses the form that the browser reads.
  plugins: [
    react(),
    compression({
      algorithms: [
        // The best quality takes ten times as long for a few per cent fewer bytes.
        defineAlgorithm("brotliCompress", { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } }),
        defineAlgorithm("gzip", { level: 6 }),
      ],
      threshold: 1000,
    }),
  ],
  resolve: { alias: { "@": fileURLToPath(new URL("./src", import.meta.url)) } },
  // The documentation lies next to the frontend.
  server: { host: "127.0.0.1", proxy: { "/api": backend }, fs: { allow: [".."] } },
  build: {
    target: "es2023",
    // These know light-dark(): lowered for older ones, it becomes both colours at once.
    cssTarget: ["chrome123", "edge123", "firefox120", "safari17.5"],
    chunkSizeWarningLimit: 1500,
    rolldownOptions: { output: { codeSplitting: { groups: CHUNKS } } },
  },
  test: {
    // `make test` type-checks next to these: on two cores a page then takes longer than the usual 5 seconds.
    testTimeout: 240_000,
    // A page costs seconds to make, so only the tests that need one get it.
    projects: [
      {
        extends: true,
        test: {
          name: "plain",
          include: ["src/**/*.test.ts"],
          exclude: PAGE_TESTS,
          environment: "node",
          isolate: false,
        },
      },
      // To import everything anew takes longer than most tests: all pages of a process share it.
      { extends: true, test: { ...PAGE, name: "page", exclude: MOCKING_TESTS, isolate: false } },
      { extends: true, test: { ...PAGE, name: "mocking", include: MOCKING_TESTS } },
    ],
  },
});
