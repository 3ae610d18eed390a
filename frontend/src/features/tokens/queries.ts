import { queryOptions } from "@tanstack/react-query";
import { api, unwrap } from "@/api";

export const tokensQuery = queryOptions({ queryKey: ["tokens"], queryFn: () => unwrap(api.listTokens()) });
