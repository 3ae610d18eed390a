import { Alert, Button, Card, Center, Code, Group, PasswordInput, Stack, Text, Title } from "@mantine/core";
import { useDocumentTitle } from "@mantine/hooks";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, sessionQuery, unwrap } from "@/api";

export function SignIn({ problem }: { problem: string | null }) {
  useDocumentTitle("Sign in · FedSM Studio");
  const client = useQueryClient();
  const [token, setToken] = useState("");
  const signIn = useMutation({
    mutationFn: () => unwrap(api.createSession({ body: { token: token.trim() } })),
    onSuccess: (session) => client.setQueryData(sessionQuery.queryKey, session),
  });
  return (
    <Center mih="100vh" p="md">
      <Card withBorder padding="xl" w={440} shadow="sm">
        <form
          onSubmit={(event) => {
            event.preventDefault();
            signIn.mutate();
          }}
        >
          <Stack>
            <Group gap="sm">
              <img src="/favicon.svg" width={36} height={36} alt="" />
              <Title order={1} size="h3">
                FedSM Studio
              </Title>
            </Group>
            <Text c="dimmed" size="sm">
              Sign in with the token that <Code>fedsm up</Code> printed at its start. The address it printed signs you
              in by itself.
            </Text>
            {problem && !signIn.error && <Alert color="red">{problem}</Alert>}
            <PasswordInput
              label="Token"
              value={token}
              onChange={(event) => setToken(event.currentTarget.value)}
              error={signIn.error?.message}
              autoComplete="current-password"
              autoFocus
              required
            />
            <Button type="submit" loading={signIn.isPending} disabled={token.trim() === ""}>
              Sign in
            </Button>
          </Stack>
        </form>
      </Card>
    </Center>
  );
}
