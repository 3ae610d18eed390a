import { Button, Card } from "@mantine/core";
import { IconKey, IconPlus } from "@tabler/icons-react";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, type TokenRecord, unwrap } from "@/api";
import { EmptyState, Loaded, RowsSkeleton } from "@/components/Feedback";
import { Page } from "@/components/Page";
import { TokenTable } from "@/components/TokenTable";
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
      help="rest"
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
            <OwnTokens tokens={rows} />
          )
        }
      </Loaded>
      <NewTokenModal opened={making} onClose={() => setMaking(false)} />
    </Page>
  );
}

function OwnTokens({ tokens }: { tokens: TokenRecord[] }) {
  const client = useQueryClient();
  return (
    <Card withBorder padding={0}>
      <TokenTable
        tokens={tokens}
        everything="Everything you may"
        revoke={(token) => unwrap(api.revokeToken({ path: { token_id: token.id } }))}
        onRevoked={() => client.invalidateQueries({ queryKey: tokensQuery.queryKey })}
      />
    </Card>
  );
}
