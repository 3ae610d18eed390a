import { Badge, Button, Card, Group, Stack, Table, Text, Title } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconUserPlus, IconUsers } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import {
  api,
  type FederationRecord,
  federationsQuery,
  type InvitationRecord,
  sessionQuery,
  type UserRecord,
  unwrap,
} from "@/api";
import { roles } from "@/api/tables.json";
import { ALL_FEDERATIONS } from "@/components/crumbs";
import { EmptyState, Loaded, RowsSkeleton } from "@/components/Feedback";
import { Isolated } from "@/components/Isolated";
import { notifyDone, notifyError } from "@/components/notify";
import { Page } from "@/components/Page";
import { useMay } from "@/components/useMay";
import { useNow } from "@/components/useNow";
import { formatAgo, formatDateTime } from "@/lib/format";
import { InviteModal } from "./InviteModal";
import { invitationsQuery, usersQuery } from "./queries";
import { RoleModal } from "./RoleModal";
import { managed, roleWords } from "./roles";
import { SecondFactorDuty } from "./SecondFactorDuty";
import { UserMenu } from "./UserMenu";
import { UserTokens } from "./UserTokens";

/** Who has an account, in which role; invitations that are under way. */
export function UsersPage() {
  const users = useQuery(usersQuery);
  const federations = useQuery(federationsQuery);
  const session = useQuery({ ...sessionQuery, enabled: false });
  const [inviting, invitation] = useDisclosure(false);
  const own = managed(federations.data ?? [], session.data);
  const administers = useMay("manage_users");
  // What the form begins with depends on them: without one it makes administrators.
  const invite = (
    <Button leftSection={<IconUserPlus size={16} aria-hidden />} onClick={invitation.open} disabled={!federations.data}>
      Invite a person
    </Button>
  );
  return (
    <Page
      help="users"
      title="Users"
      crumbs={[ALL_FEDERATIONS]}
      subtitle="Everybody has a role in each federation: it says what they see there, and what they may do."
      actions={users.data && users.data.length > 0 ? invite : undefined}
    >
      <Loaded query={users} skeleton={<RowsSkeleton rows={3} height={48} />}>
        {(rows) =>
          rows.length === 0 ? (
            <EmptyState icon={IconUsers} title="No user yet" action={invite}>
              You work here with the administrator's token. Invite others by a link: each chooses a name and a password,
              and gets the role that you give.
            </EmptyState>
          ) : (
            <Loaded query={federations} skeleton={<RowsSkeleton rows={3} height={48} />}>
              {(all) => <UserTable users={rows} federations={all} own={own} />}
            </Loaded>
          )
        }
      </Loaded>
      <Invitations federations={federations.data} />
      {administers && <SecondFactorDuty />}
      <InviteModal federations={own} opened={inviting} onClose={invitation.close} />
    </Page>
  );
}

interface TableProps {
  users: readonly UserRecord[];
  federations: readonly FederationRecord[];
  own: readonly FederationRecord[];
}

function UserTable({ users, federations, own }: TableProps) {
  const now = useNow();
  const [role, setRole] = useState<UserRecord>();
  const [tokens, setTokens] = useState<UserRecord>();
  const withTokens = users.some((user) => user.num_tokens !== null);
  return (
    <Card withBorder padding={0}>
      <Table.ScrollContainer minWidth={720}>
        <Table data-testid="users">
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Name</Table.Th>
              <Table.Th>Roles</Table.Th>
              <Table.Th>Last seen</Table.Th>
              {withTokens && <Table.Th ta="right">Tokens</Table.Th>}
              {withTokens && <Table.Th>Second factor</Table.Th>}
              <Table.Th>Since</Table.Th>
              <Table.Th />
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {users.map((user) => (
              <Table.Tr key={user.id}>
                <Table.Td fw={600}>
                  <Isolated>{user.name}</Isolated>
                </Table.Td>
                <Table.Td>
                  <Roles user={user} federations={federations} />
                </Table.Td>
                <Table.Td>{user.last_seen_at ? formatAgo(user.last_seen_at, now) : "Never"}</Table.Td>
                {withTokens && <Table.Td ta="right">{user.num_tokens}</Table.Td>}
                {withTokens && <Table.Td>{user.has_second_factor ? "On" : "Off"}</Table.Td>}
                <Table.Td>
                  {formatDateTime(user.created_at)}
                  <Text size="xs" c="dimmed">
                    invited by <Isolated>{user.created_by}</Isolated>
                  </Text>
                </Table.Td>
                <Table.Td ta="right">
                  <UserMenu
                    user={user}
                    federations={own}
                    onRole={() => setRole(user)}
                    onTokens={() => setTokens(user)}
                  />
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
      <RoleModal user={role} federations={own} onClose={() => setRole(undefined)} />
      <UserTokens user={tokens} onClose={() => setTokens(undefined)} />
    </Card>
  );
}

function Roles({ user, federations }: { user: UserRecord; federations: readonly FederationRecord[] }) {
  if (!user.is_administrator && user.memberships.length === 0) return <Text size="sm">No role</Text>;
  return (
    <Stack gap={2}>
      {user.is_administrator && <Badge color="petrol">Administrator</Badge>}
      <ByGroup group={user.administrator_by_group} />
      {user.memberships.map((member) => {
        const federation = federations.find(({ id }) => id === member.federation_id);
        return (
          <Text size="sm" key={`${member.federation_id} ${member.role} ${member.given_by_group ?? ""}`} component="div">
            <Isolated>{federation?.name ?? "another federation"}</Isolated>:{" "}
            <Isolated>{roleWords(member, federation)}</Isolated>
            <ByGroup group={member.given_by_group} />
          </Text>
        );
      })}
    </Stack>
  );
}

/** Where a role comes from that nobody gave by hand. */
function ByGroup({ group }: { group: string | null }) {
  if (group === null) return null;
  return (
    <Text size="xs" c="dimmed">
      by the group <Isolated>{group}</Isolated>
    </Text>
  );
}

function Invitations({ federations }: { federations: readonly FederationRecord[] | undefined }) {
  const client = useQueryClient();
  const { data } = useQuery(invitationsQuery);
  const revoke = useMutation({
    mutationFn: (row: InvitationRecord) => unwrap(api.revokeInvitation({ path: { invitation_id: row.id } })),
    onSuccess: async (_, row) => {
      await client.invalidateQueries({ queryKey: invitationsQuery.queryKey });
      notifyDone(`The link for ${row.label} no longer works.`);
    },
    onError: (error) => notifyError("Not revoked", error),
  });
  if (!federations || !data || data.length === 0) return null;
  return (
    <Card withBorder data-testid="invitations">
      <Title order={2} size="h4" mb="xs">
        Links that nobody has used yet
      </Title>
      <Stack gap="xs">
        {data.map((row) => (
          <Group key={row.id} justify="space-between" wrap="nowrap">
            <Text size="sm" component="div">
              <b>
                <Isolated>{row.label}</Isolated>
              </b>
              : <Isolated>{invitedTo(row, federations)}</Isolated>, until {formatDateTime(row.expires_at)}
            </Text>
            <Button
              size="compact-sm"
              variant="subtle"
              color="red"
              loading={revoke.isPending && revoke.variables?.id === row.id}
              onClick={() => revoke.mutate(row)}
              aria-label={`Revoke the link for ${row.label}`}
            >
              Revoke
            </Button>
          </Group>
        ))}
      </Stack>
    </Card>
  );
}

function invitedTo(row: InvitationRecord, federations: readonly FederationRecord[]): string {
  if (row.role === null) return "a new password";
  const federation = federations.find(({ id }) => id === row.federation_id);
  return `${roles[row.role].label} of ${federation?.name ?? "the installation"}`;
}
