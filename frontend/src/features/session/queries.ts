import { queryOptions } from "@tanstack/react-query";
import { api, unwrap } from "@/api";

export const secondFactorQuery = queryOptions({
  queryKey: ["second-factor"],
  queryFn: () => unwrap(api.getSecondFactor()),
});
