import { ActionIcon, Menu, Modal } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import {
  IconDeviceMobileOff,
  IconDots,
  IconKey,
  IconLink,
  IconLogout,
  IconShield,
  IconTrash,
  IconUserEdit,
  IconUserOff,
} from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { api, type FederationRecord, type UserRecord, unwrap } from "@/api";
import { ConfirmModal } from "@/components/ConfirmModal";
import { notifyDone, notifyError } from "@/components/notify";
import { useMay } from "@/components/useMay";
import { LinkBox } from "./LinkBox";
import { usersQuery } from "./queries";

interface Props {
  user: UserRecord;
  /** Whose members the caller may change. */
  federations: readonly FederationRecord[];
  onRole: () => void;
  onTokens: () => void;
}

/** What can be done with a user: a role given or taken by those who manage a federation, the rest by administrators. */
export function UserMenu({ user, federations, onRole, onTokens }: Props) {
  const administers = useMay("manage_users");
  const [removing, removal] = useDisclosure(false);
  const act = useAct();
  const link = useMutation({
    mutationFn: () => unwrap(api.createPasswordLink({ path: { user_id: user.id } })),
    onError: (error) => notifyError("No link was made", error),
  });
  const path = { user_id: user.id };
  return (
    <>
      <Menu position="bottom-end" width={270}>
        <Menu.Target>
          <ActionIcon variant="subtle" color="gray" aria-label={`Actions of ${user.name}`}>
            <IconDots size={18} aria-hidden />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item leftSection={<IconUserEdit size={16} aria-hidden />} onClick={onRole}>
            Change role…
          </Menu.Item>
          {federations
            .filter(({ id }) => user.memberships.some((member) => member.federation_id === id))
            .map((federation) => (
              <Menu.Item
                key={federation.id}
                leftSection={<IconUserOff size={16} aria-hidden />}
                onClick={() =>
                  act.mutate({
                    call: api.removeMember({ path: { ...path, federation_id: federation.id } }),
                    done: `${user.name} has no role in ${federation.name} any more.`,
                  })
                }
              >
                Take role in {federation.name}
              </Menu.Item>
            ))}
          {administers && (
            <>
              <Menu.Divider />
              <Menu.Item
                leftSection={<IconShield size={16} aria-hidden />}
                onClick={() =>
                  act.mutate({
                    call: api.updateUser({ path, body: { is_administrator: !user.is_administrator } }),
                    done: `${user.name} is ${user.is_administrator ? "no" : "an"} administrator now.`,
                  })
                }
              >
                {user.is_administrator ? "Make an ordinary user" : "Make an administrator"}
              </Menu.Item>
              <Menu.Item leftSection={<IconKey size={16} aria-hidden />} onClick={onTokens}>
                Tokens…
              </Menu.Item>
              <Menu.Item leftSection={<IconLink size={16} aria-hidden />} onClick={() => link.mutate()}>
                Link for a new password…
              </Menu.Item>
              {user.has_second_factor && (
                <Menu.Item
                  leftSection={<IconDeviceMobileOff size={16} aria-hidden />}
                  onClick={() =>
                    act.mutate({
                      call: api.resetSecondFactor({ path }),
                      done: `${user.name} has no second factor any more, and is signed out everywhere.`,
                    })
                  }
                >
                  Reset second factor
                </Menu.Item>
              )}
              <Menu.Item
                leftSection={<IconLogout size={16} aria-hidden />}
                onClick={() =>
                  act.mutate({ call: api.signOutUser({ path }), done: `${user.name} is signed out everywhere.` })
                }
              >
                Sign out everywhere
              </Menu.Item>
              <Menu.Item color="red" leftSection={<IconTrash size={16} aria-hidden />} onClick={removal.open}>
                Remove…
              </Menu.Item>
            </>
          )}
        </Menu.Dropdown>
      </Menu>
      <Modal opened={link.data !== undefined} onClose={link.reset} title={`A new password for ${user.name}`} size="lg">
        {link.data && <LinkBox path={link.data.path} onClose={link.reset} />}
      </Modal>
      <ConfirmModal
        opened={removing}
        onClose={removal.close}
        title={`Remove ${user.name}?`}
        action="Remove user"
        busy={act.isPending}
        onConfirm={() =>
          act.mutate(
            { call: api.removeUser({ path }), done: `${user.name} is removed.` },
            { onSettled: () => removal.close() },
          )
        }
      >
        Sign-ins, tokens and roles end at once. What {user.name} did stays under that name, which nobody else can take.
      </ConfirmModal>
    </>
  );
}

function useAct() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ call }: { call: Promise<object>; done: string }) => unwrap(call),
    onSuccess: async (_, { done }) => {
      await client.invalidateQueries({ queryKey: usersQuery.queryKey });
      notifyDone(done);
    },
    onError: (error) => notifyError("Nothing was changed", error),
  });
}
