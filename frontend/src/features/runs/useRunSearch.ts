import { useNavigate, useSearch } from "@tanstack/react-router";
import * as v from "valibot";
import { type RunSearch, runSearch } from "./search";

/** The live page's part of the URL, and how to change it: what is undefined leaves the address. */
export function useRunSearch(): [RunSearch, (change: RunSearch) => void] {
  const search = v.parse(runSearch, useSearch({ strict: false }));
  const navigate = useNavigate();
  const change = (next: RunSearch) =>
    void navigate({ to: ".", search: (old) => ({ ...old, ...next }), replace: true, resetScroll: false });
  return [search, change];
}
