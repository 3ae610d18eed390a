import { infiniteQueryOptions } from "@tanstack/react-query";
import { api, unwrap } from "@/api";

/** Experiments in a page. */
const STORAGE_PAGE = 50;

/** What lies on the disk, with the experiments page by page: the largest first. */
export const storageQuery = infiniteQueryOptions({
  queryKey: ["storage"],
  queryFn: ({ pageParam }) => unwrap(api.getStorage({ query: { limit: STORAGE_PAGE, after: pageParam ?? undefined } })),
  initialPageParam: null as string | null,
  getNextPageParam: (page) => page.next_after,
});
