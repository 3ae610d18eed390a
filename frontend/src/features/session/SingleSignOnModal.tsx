import { Button, Group, Modal, Stack, Text } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, unwrap } from "@/api";
import { Loaded } from "@/components/Feedback";
import { notifyDone, notifyError } from "@/components/notify";
import { singleSignOnQuery } from "./queries";

interface Props {
  /** Of the provider. */
  name: string;
  opened: boolean;
  onClose: () => void;
}

export function SingleSignOnModal({ name, opened, onClose }: Props) {
  return (
    <Modal opened={opened} onClose={onClose} title={`Sign-in with ${name}`}>
      <Content name={name} />
    </Modal>
  );
}

function Content({ name }: { name: string }) {
  const client = useQueryClient();
  const present = useQuery(singleSignOnQuery);
  const connect = useMutation({
    mutationFn: () => unwrap(api.connectSingleSignOn()),
    onSuccess: ({ address }) => window.location.assign(address),
    onError: (error) => notifyError("Not connected", error),
  });
  const disconnect = useMutation({
    mutationFn: () => unwrap(api.disconnectSingleSignOn()),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: singleSignOnQuery.queryKey });
      notifyDone(`Only name and password let you in now, and not ${name}.`);
    },
    onError: (error) => notifyError("Nothing was changed", error),
  });
  return (
    <Loaded query={present}>
      {({ is_connected }) => (
        <Stack>
          <Text size="sm">
            {is_connected
              ? `Your account at ${name} lets you in. Without it, you need your name and password, and roles by its groups end.`
              : `Connect your account at ${name}, and it lets you in without this platform's password.`}
          </Text>
          <Group justify="flex-end">
            {is_connected ? (
              <Button color="red" variant="light" onClick={() => disconnect.mutate()} loading={disconnect.isPending}>
                Disconnect
              </Button>
            ) : (
              <Button onClick={() => connect.mutate()} loading={connect.isPending || connect.isSuccess}>
                Connect
              </Button>
            )}
          </Group>
        </Stack>
      )}
    </Loaded>
  );
}
