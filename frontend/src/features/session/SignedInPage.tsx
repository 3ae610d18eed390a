import { Alert, Button, Loader, Text } from "@mantine/core";
import { useDocumentTitle } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { api, unwrap } from "@/api";
import { EntryFrame } from "./EntryCard";

/** To which the provider of single sign-on sends the browser back, with a code that works once. */
export function SignedInPage() {
  useDocumentTitle("Signing in · FedSM Studio");
  const given = new URLSearchParams(window.location.search);
  const [code, state] = [given.get("code"), given.get("state")];
  const finish = useQuery({
    queryKey: ["single-sign-on", code, state],
    queryFn: async () => {
      const session = await unwrap(api.finishSingleSignOn({ body: { provider_code: code ?? "", state: state ?? "" } }));
      window.location.replace("/");
      return session;
    },
    enabled: code !== null && state !== null,
    retry: false,
    staleTime: Number.POSITIVE_INFINITY,
  });
  const refused = given.get("error_description") ?? given.get("error") ?? "This address lacks what the provider adds.";
  const problem = code === null || state === null ? refused : finish.error?.message;
  return (
    <EntryFrame>
      {problem ? (
        <>
          <Alert color="red" title="Not signed in">
            {problem}
          </Alert>
          <Button component="a" href="/">
            Back to the sign-in
          </Button>
        </>
      ) : (
        <>
          <Text size="sm">Signing in…</Text>
          <Loader role="status" aria-label="Signing in" />
        </>
      )}
    </EntryFrame>
  );
}
