import { queryOptions } from "@tanstack/react-query";
import { api, unwrap } from "@/api";

export const secondFactorQuery = queryOptions({
  queryKey: ["second-factor"],
  queryFn: () => unwrap(api.getSecondFactor()),
});

export const signInWaysQuery = queryOptions({
  queryKey: ["sign-in-ways"],
  queryFn: () => unwrap(api.getSignInWays()),
  staleTime: Number.POSITIVE_INFINITY,
});

export const emailsQuery = queryOptions({
  queryKey: ["emails"],
  queryFn: () => unwrap(api.getEmails()),
});

export const singleSignOnQuery = queryOptions({
  queryKey: ["single-sign-on"],
  queryFn: () => unwrap(api.getSingleSignOn()),
});
