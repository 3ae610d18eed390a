import { Alert, Button } from "@mantine/core";
import { useDocumentTitle } from "@mantine/hooks";
import { useQueryClient } from "@tanstack/react-query";
import { api, sessionQuery, unwrap } from "@/api";
import { notifyError } from "@/components/notify";
import { EntryFrame } from "./EntryCard";
import { SecondFactorSetup } from "./SecondFactorSetup";

/** In place of every page, where the platform asks for a second factor and the user has none. */
export function SecondFactorFirst() {
  useDocumentTitle("Second factor · FedSM Studio");
  const client = useQueryClient();
  const signOut = () =>
    unwrap(api.deleteSession()).then(
      () => window.location.assign("/"),
      (error: Error) => notifyError("Not signed out", error),
    );
  return (
    <EntryFrame>
      <Alert color="blue">
        This platform asks for a second factor. Set it up, and everything of your role is open.
      </Alert>
      <SecondFactorSetup onDone={() => void client.invalidateQueries({ queryKey: sessionQuery.queryKey })} />
      <Button variant="subtle" color="gray" size="compact-sm" onClick={() => void signOut()}>
        Sign out
      </Button>
    </EntryFrame>
  );
}
