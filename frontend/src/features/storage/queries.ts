import { queryOptions } from "@tanstack/react-query";
import { api, unwrap } from "@/api";

export const storageQuery = queryOptions({
  queryKey: ["storage"],
  queryFn: () => unwrap(api.getStorage()),
});
