import { Badge, Button, Stack, Table, Text } from "@mantine/core";
import { IconTrash } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import type { TokenRecord } from "@/api";
import { formatAgo, formatDateTime } from "@/lib/format";
import { Isolated } from "./Isolated";
import { notifyDone, notifyError } from "./notify";
import { useNow } from "./useNow";

interface Props {
  tokens: readonly TokenRecord[];
  /** In words: what a token without a narrower scope may do. */
  everything: string;
  revoke: (token: TokenRecord) => Promise<unknown>;
  /** What is read again after a token is gone. */
  onRevoked: () => Promise<unknown>;
}

/** Access tokens, one's own or another user's, each with a button that ends it. */
export function TokenTable({ tokens, everything, revoke, onRevoked }: Props) {
  const now = useNow();
  const revoking = useMutation({
    mutationFn: revoke,
    onSuccess: async (_, token: TokenRecord) => {
      await onRevoked();
      notifyDone(`${token.name} was revoked.`);
    },
    onError: (error) => notifyError("Not revoked", error),
  });
  return (
    <Table.ScrollContainer minWidth={720}>
      <Table>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Name</Table.Th>
            <Table.Th>Token</Table.Th>
            <Table.Th>May</Table.Th>
            <Table.Th>Made</Table.Th>
            <Table.Th>Last used</Table.Th>
            <Table.Th>Valid until</Table.Th>
            <Table.Th />
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {tokens.map((token) => (
            <Table.Tr key={token.id}>
              <Table.Td>
                <Isolated>{token.name}</Isolated>
              </Table.Td>
              <Table.Td ff="monospace">{token.hint}…</Table.Td>
              <Table.Td>{token.scope === "read" ? "Only look" : everything}</Table.Td>
              <Table.Td>{formatDateTime(token.created_at)}</Table.Td>
              <Table.Td>{formatAgo(token.last_used_at, now)}</Table.Td>
              <Table.Td>
                <Stack gap={2}>
                  <Text size="sm">{formatDateTime(token.expires_at)}</Text>
                  {Date.parse(token.expires_at) < now && (
                    <Badge size="sm" color="red">
                      Expired
                    </Badge>
                  )}
                </Stack>
              </Table.Td>
              <Table.Td ta="right">
                <Button
                  size="compact-sm"
                  variant="subtle"
                  color="red"
                  leftSection={<IconTrash size={14} aria-hidden />}
                  loading={revoking.isPending && revoking.variables?.id === token.id}
                  onClick={() => revoking.mutate(token)}
                  aria-label={`Revoke ${token.name}`}
                >
                  Revoke
                </Button>
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}
