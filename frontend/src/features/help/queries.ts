import { queryOptions } from "@tanstack/react-query";
import { readDocument } from "./documents";
import { loadSearch } from "./searchDocuments";

/** The documents came with the application: they do not change while it is open. */
export const documentQuery = (name: string) =>
  queryOptions({
    queryKey: ["document", name],
    queryFn: async () => (await readDocument(name)) ?? null,
    staleTime: Number.POSITIVE_INFINITY,
  });

export const searchQuery = queryOptions({
  queryKey: ["document-search"],
  queryFn: loadSearch,
  staleTime: Number.POSITIVE_INFINITY,
});
