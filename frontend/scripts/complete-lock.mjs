// Adds to package-lock.json the optional platform packages that the registry in use did not serve, so that `npm ci`
// accepts the lock everywhere. Run by `npm run lock` after every change of dependencies.
import { readFileSync, writeFileSync } from "node:fs";

const file = new URL("../package-lock.json", import.meta.url);
const lock = JSON.parse(readFileSync(file, "utf8"));
const added = [];

for (const [path, entry] of Object.entries({ ...lock.packages })) {
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    const known = [`${path}/node_modules/${name}`, `node_modules/${name}`].some((key) => key in lock.packages);
    if (known || !/^\d/.test(version)) continue;
    lock.packages[`node_modules/${name}`] = { version, dev: entry.dev, optional: true, ...platform(name) };
    added.push(`${name}@${version}`);
  }
}

/** The platform that a package's name ends with, as in cli-linux-x64-musl. */
function platform(name) {
  const match = /-(android|darwin|linux|win32)-(x64|arm64)(?:-(musl))?$/.exec(name);
  if (!match)
    throw new Error(`${name}: its platform cannot be read from its name; add it to package-lock.json by hand`);
  const [, os, cpu, libc] = match;
  return { os: [os], cpu: [cpu], ...(os === "linux" ? { libc: [libc ?? "glibc"] } : {}) };
}

lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
console.log(added.length ? `added ${added.join(", ")}` : "the lock is complete");
