import { queryOptions } from "@tanstack/react-query";
import { api, unwrap } from "@/api";

export const usersQuery = queryOptions({ queryKey: ["users"], queryFn: () => unwrap(api.listUsers()) });

export const invitationsQuery = queryOptions({
  queryKey: ["invitations"],
  queryFn: () => unwrap(api.listInvitations()),
});

export const secondFactorDutyQuery = queryOptions({
  queryKey: ["second-factor-duty"],
  queryFn: () => unwrap(api.getSecondFactorDuty()),
});

export const userTokensQuery = (userId: string) =>
  queryOptions({
    queryKey: ["users", userId, "tokens"],
    queryFn: () => unwrap(api.listUserTokens({ path: { user_id: userId } })),
  });
