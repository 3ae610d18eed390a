// Fails when openapi.json or the generated client is not what the backend's schema gives: run `make generate` or
// `python -m backend.openapi > frontend/openapi.json && npm run generate`.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { createClient } from "@hey-api/openapi-ts";

const frontend = dirname(dirname(fileURLToPath(import.meta.url)));
const committed = join(frontend, "src", "api", "generated");

function files(folder) {
  return readdirSync(folder, { recursive: true })
    .filter((name) => statSync(join(folder, name)).isFile())
    .sort();
}

/** The files of either folder that the other lacks or has otherwise. */
function differing(left, right) {
  const names = new Set([...files(left), ...files(right)]);
  const read = (folder, name) => {
    try {
      return readFileSync(join(folder, name), "utf8");
    } catch (error) {
      if (error.code === "ENOENT") return undefined;
      throw error;
    }
  };
  return [...names].filter((name) => read(left, name) !== read(right, name));
}

/** PYTHON names an interpreter that has the backend's packages; without it only the client is compared. */
function schemaIsStale() {
  const python = process.env.PYTHON;
  if (!python) return false;
  const schema = execFileSync(resolve(python), ["-m", "backend.openapi"], { cwd: dirname(frontend), encoding: "utf8" });
  const same =
    JSON.stringify(JSON.parse(schema)) ===
    JSON.stringify(JSON.parse(readFileSync(join(frontend, "openapi.json"), "utf8")));
  return !same;
}

const fresh = mkdtempSync(join(tmpdir(), "fedsm-client-"));
try {
  const { default: config } = await import("./openapi-ts.options.mjs");
  await createClient({
    ...config,
    input: join(frontend, "openapi.json"),
    output: { ...config.output, path: fresh },
    logs: { level: "silent" },
  });
  const stale = differing(committed, fresh).map((name) => relative(frontend, join(committed, name)));
  if (schemaIsStale()) stale.unshift("openapi.json");
  if (stale.length > 0) {
    console.error(`Stale: ${stale.join(", ")}.`);
    console.error("Remedy: python -m backend.openapi > frontend/openapi.json, then npm run generate in frontend.");
    process.exitCode = 1;
  } else {
    console.log("The generated client is up to date.");
  }
} finally {
  rmSync(fresh, { recursive: true });
}
