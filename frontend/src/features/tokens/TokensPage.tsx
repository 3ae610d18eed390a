import { Badge, Button, Card, Stack, Table, Text } from "@mantine/core";
import { IconKey, IconPlus, IconTrash } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, type TokenRecord, unwrap } from "@/api";
import { EmptyState, Loaded, RowsSkeleton } from "@/components/Feedback";
import { Isolated } from "@/components/Isolated";
import { notifyDone, notifyError } from "@/components/notify";
import { Page } from "@/components/Page";
import { useNow } from "@/components/useNow";
import { formatAgo, formatDateTime } from "@/lib/format";
import { NewTokenModal } from "./NewTokenModal";
import { tokensQuery } from "./queries";

/** A user's own tokens for scripts and the command line. */
export function TokensPage() {
  const tokens = useQuery(tokensQuery);
  const [making, setMaking] = useState(false);
  const create = (
    <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => setMaking(true)}>
      New token
    </Button>
  );
  return (
    <Page
      title="Access tokens"
      crumbs={[{ label: "Federations", link: { to: "/" } }]}
      subtitle="A token lets a script or the command line act in your name, until it expires or you revoke it."
      actions={tokens.data && tokens.data.length > 0 ? create : undefined}
    >
      <Loaded query={tokens} skeleton={<RowsSkeleton rows={3} height={40} />}>
        {(rows) =>
          rows.length === 0 ? (
            <EmptyState icon={IconKey} title="No token yet" action={create}>
              Make one for each script, so that each can be revoked alone: FEDSM_TOKEN=... fedsm experiment list
            </EmptyState>
          ) : (
            <TokenTable tokens={rows} />
          )
        }
      </Loaded>
      <NewTokenModal opened={making} onClose={() => setMaking(false)} />
    </Page>
  );
}

function TokenTable({ tokens }: { tokens: TokenRecord[] }) {
  const client = useQueryClient();
  const now = useNow();
  const revoke = useMutation({
    mutationFn: (token: TokenRecord) => unwrap(api.revokeToken({ path: { token_id: token.id } })),
    onSuccess: async (_, token) => {
      await client.invalidateQueries({ queryKey: tokensQuery.queryKey });
      notifyDone(`${token.name} was revoked.`);
    },
    onError: (error) => notifyError("Not revoked", error),
  });
  return (
    <Card withBorder padding={0}>
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
                <Table.Td>{token.scope === "read" ? "Only look" : "Everything you may"}</Table.Td>
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
      </Table.ScrollContainer>
    </Card>
  );
}
