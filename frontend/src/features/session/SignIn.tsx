import { Alert, Button, Code, PasswordInput, SegmentedControl, Text, TextInput } from "@mantine/core";
import { useDocumentTitle } from "@mantine/hooks";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, sessionQuery, unwrap } from "@/api";
import { CodeInput, codeProblem, wantsCode } from "./CodeInput";
import { EntryCard } from "./EntryCard";
import { SingleSignOnButton } from "./SingleSignOnButton";

const WAYS = [
  { value: "password", label: "Name and password" },
  { value: "token", label: "Administrator's token" },
];

/** Who runs the platform for themselves has its token, and no account. */
const ON_THIS_MACHINE = ["127.0.0.1", "localhost", "[::1]"].includes(window.location.hostname);

export function SignIn({ problem }: { problem: string | null }) {
  useDocumentTitle("Sign in · FedSM Studio");
  const client = useQueryClient();
  const [way, setWay] = useState(ON_THIS_MACHINE ? "token" : "password");
  const [name, setName] = useState("");
  const [secret, setSecret] = useState("");
  const [code, setCode] = useState("");
  const byToken = way === "token";
  const signIn = useMutation({
    mutationFn: () =>
      unwrap(
        api.createSession({
          body: byToken ? { token: secret.trim() } : { name: name.trim(), password: secret, code: code.trim() || null },
        }),
      ),
    onSuccess: (session) => client.setQueryData(sessionQuery.queryKey, session),
  });
  const asked = wantsCode(signIn.error);
  const choose = (next: string) => {
    setWay(next);
    setSecret("");
    setCode("");
    signIn.reset();
  };
  return (
    <EntryCard onSubmit={() => signIn.mutate()}>
      <SingleSignOnButton />
      <SegmentedControl aria-label="Sign in with" value={way} onChange={choose} data={WAYS} />
      {problem && !signIn.error && <Alert color="red">{problem}</Alert>}
      {byToken ? (
        <Text c="dimmed" size="sm">
          The token that <Code>fedsm up</Code> printed at its start. The address it printed signs you in by itself.
        </Text>
      ) : (
        <TextInput
          label="Name"
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
          autoComplete="username"
          autoFocus
          required
        />
      )}
      <PasswordInput
        key={way}
        label={byToken ? "Token" : "Password"}
        value={secret}
        onChange={(event) => setSecret(event.currentTarget.value)}
        error={asked ? undefined : signIn.error?.message}
        autoComplete="current-password"
        autoFocus={byToken}
        required
      />
      {asked && <CodeInput value={code} onChange={setCode} error={codeProblem(signIn.error)} />}
      <Button
        type="submit"
        loading={signIn.isPending}
        disabled={secret.trim() === "" || (!byToken && name.trim() === "")}
      >
        Sign in
      </Button>
      {!byToken && (
        <Text c="dimmed" size="xs">
          Somebody who is invited has a link, which makes the account. An administrator makes a link for a password that
          was forgotten.
        </Text>
      )}
    </EntryCard>
  );
}
