// Fails when the JavaScript that the first page needs is larger than it may be. Run after `npm run build`.
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

const LARGEST_KB = 300;

const dist = new URL("../dist/", import.meta.url);
const page = readFileSync(new URL("index.html", dist), "utf8");
const scripts = [...page.matchAll(/(?:src|href)="\/(assets\/[^"]+\.js)"/g)].map((match) => match[1]);
const bytes = scripts
  .map((script) => gzipSync(readFileSync(new URL(script, dist))).length)
  .reduce((sum, size) => sum + size, 0);
const kilobytes = Math.round(bytes / 1000);
console.log(`Initial JavaScript: ${kilobytes} kB compressed in ${scripts.length} files; at most ${LARGEST_KB} kB.`);
if (kilobytes > LARGEST_KB) {
  console.error("Remedy: load what the first page does not need with lazy() or import().");
  process.exitCode = 1;
}
