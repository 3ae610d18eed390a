import { Modal, Text } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { api, type UserRecord, unwrap } from "@/api";
import { Loaded, RowsSkeleton } from "@/components/Feedback";
import { TokenTable } from "@/components/TokenTable";
import { usersQuery, userTokensQuery } from "./queries";

export function UserTokens({ user, onClose }: { user: UserRecord | undefined; onClose: () => void }) {
  return (
    <Modal opened={user !== undefined} onClose={onClose} title={user && `Tokens of ${user.name}`} size="xl">
      {user && <Tokens user={user} />}
    </Modal>
  );
}

function Tokens({ user }: { user: UserRecord }) {
  const client = useQueryClient();
  const tokens = useQuery(userTokensQuery(user.id));
  return (
    <Loaded query={tokens} skeleton={<RowsSkeleton rows={2} />}>
      {(rows) =>
        rows.length === 0 ? (
          <Text size="sm" c="dimmed">
            None.
          </Text>
        ) : (
          <TokenTable
            tokens={rows}
            everything="Everything the user may"
            revoke={(token) => unwrap(api.revokeUserToken({ path: { user_id: user.id, token_id: token.id } }))}
            onRevoked={() => client.invalidateQueries({ queryKey: usersQuery.queryKey })}
          />
        )
      }
    </Loaded>
  );
}
