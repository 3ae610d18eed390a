import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

const SOURCE = join(import.meta.dirname, "..");

/** What each part may import of ours; `own` is the part itself. */
const MAY_IMPORT: Record<string, RegExp> = {
  lib: /^@\/(lib|api)\b/,
  api: /^@\/(lib|api)\b/,
  components: /^@\/(components|lib|api)\b/,
  features: /^@\/(components|lib|api)\b/,
};

function sources(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => /\.tsx?$/.test(name) && !name.includes("generated"))
    .map((name) => join(folder, name));
}

function imports(file: string): string[] {
  return [...readFileSync(file, "utf8").matchAll(/(?:from|import)\s*\(?\s*"([^"]+)"/g)].map((match) => match[1] ?? "");
}

describe("layers", () => {
  for (const [part, allowed] of Object.entries(MAY_IMPORT)) {
    it(`${part} imports nothing above it, and no feature imports another`, () => {
      const wrong = sources(join(SOURCE, part)).flatMap((file) =>
        imports(file)
          .filter((name) => (name.startsWith("@/") && !allowed.test(name)) || name.startsWith("../"))
          .map((name) => `${file.slice(SOURCE.length)} imports ${name}`),
      );
      expect(wrong).toEqual([]);
    });
  }
});
