import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { DEFAULT_THEME, defaultCssVariablesResolver, mergeMantineTheme } from "@mantine/core";
import { expect, it } from "vitest";
import { cssVariables, theme } from "./theme";

const FRONTEND = join(import.meta.dirname, "..", "..");
const DESIGN = readFileSync(join(FRONTEND, "DESIGN.md"), "utf8");
const SOURCE = readdirSync(join(FRONTEND, "src"), { recursive: true, encoding: "utf8" })
  .filter((name) => /\.(tsx?|css)$/.test(name) && !name.includes(".test.") && !name.includes("generated"))
  .map((name) => readFileSync(join(FRONTEND, "src", name), "utf8"))
  .join("\n");
const merged = mergeMantineTheme(DEFAULT_THEME, theme);
const sets = [defaultCssVariablesResolver(merged), cssVariables(merged)];
const variables: Record<string, string> = Object.assign({}, ...sets.flatMap((set) => [set.variables, set.light]));
const inCode = [...DESIGN.matchAll(/`([^`\n]+)`/g)].map((match) => match[1] ?? "");

it("names only tokens that exist, with the sizes that they have", () => {
  const named = inCode.filter((name) => name.startsWith("--"));
  expect(named.length).toBeGreaterThan(15);
  expect(named.filter((name) => !(name in variables))).toEqual([]);
  const sizes = [...DESIGN.matchAll(/^\| `(--[\w-]+)` \| (\d+) px \|/gm)];
  expect(sizes.length).toBeGreaterThan(10);
  for (const [, name = "", pixels] of sizes) {
    const rem = variables[name]?.match(/calc\(([\d.]+)rem/)?.[1];
    expect(`${name} ${Number(rem) * 16}`).toBe(`${name} ${pixels}`);
  }
});

it("names only colours that are in the code or in Mantine", () => {
  const known = `${SOURCE} ${JSON.stringify(DEFAULT_THEME.colors)} ${Object.values(variables).join(" ")} #ffffff #000000`;
  const named = [...DESIGN.matchAll(/#[0-9a-f]{6}\b/gi)].map(([colour]) => colour);
  expect(named.filter((colour) => !known.toLowerCase().includes(colour.toLowerCase()))).toEqual([]);
});

it("names only components, functions and files that exist", () => {
  const names = inCode.filter((name) => /^[A-Za-z_]+$/.test(name) && /[A-Z]/.test(name));
  expect(names.length).toBeGreaterThan(20);
  expect(names.filter((name) => !new RegExp(`\\b${name}\\b`).test(SOURCE))).toEqual([]);
  const files = inCode.filter((name) => /^(src|docs|tests)\/.*\.\w+$/.test(name));
  const places = [FRONTEND, join(FRONTEND, "..")];
  expect(files.filter((name) => !places.some((place) => existsSync(join(place, name))))).toEqual([]);
});
