import { Button, Modal, Table, Text } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, type TokenRecord, type UserRecord, unwrap } from "@/api";
import { Loaded, RowsSkeleton } from "@/components/Feedback";
import { Isolated } from "@/components/Isolated";
import { notifyDone, notifyError } from "@/components/notify";
import { useNow } from "@/components/useNow";
import { formatAgo, formatDateTime } from "@/lib/format";
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
  const now = useNow();
  const tokens = useQuery(userTokensQuery(user.id));
  const revoke = useMutation({
    mutationFn: (token: TokenRecord) => unwrap(api.revokeUserToken({ path: { user_id: user.id, token_id: token.id } })),
    onSuccess: async (_, token) => {
      await client.invalidateQueries({ queryKey: usersQuery.queryKey });
      notifyDone(`${token.name} was revoked.`);
    },
    onError: (error) => notifyError("Not revoked", error),
  });
  return (
    <Loaded query={tokens} skeleton={<RowsSkeleton rows={2} />}>
      {(rows) =>
        rows.length === 0 ? (
          <Text size="sm" c="dimmed">
            None.
          </Text>
        ) : (
          <Table>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>Name</Table.Th>
                <Table.Th>May</Table.Th>
                <Table.Th>Last used</Table.Th>
                <Table.Th>Valid until</Table.Th>
                <Table.Th />
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {rows.map((token) => (
                <Table.Tr key={token.id}>
                  <Table.Td>
                    <Isolated>{token.name}</Isolated>
                  </Table.Td>
                  <Table.Td>{token.scope === "read" ? "Only look" : "Everything the user may"}</Table.Td>
                  <Table.Td>{formatAgo(token.last_used_at, now)}</Table.Td>
                  <Table.Td>{formatDateTime(token.expires_at)}</Table.Td>
                  <Table.Td ta="right">
                    <Button
                      size="compact-sm"
                      variant="subtle"
                      color="red"
                      loading={revoke.isPending && revoke.variables?.id === token.id}
                      onClick={() => revoke.mutate(token)}
                      aria-label={`Revoke ${token.name}`}
                    >
                      Revoke
                    </Button>
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        )
      }
    </Loaded>
  );
}
