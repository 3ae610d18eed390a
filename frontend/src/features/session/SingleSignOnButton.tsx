import { Alert, Button, Divider } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { api, unwrap } from "@/api";
import { signInWaysQuery } from "./queries";

/** Leaves for the institution's provider. Nothing is shown where there is none. */
export function SingleSignOnButton({ invitationCode }: { invitationCode?: string }) {
  const { data } = useQuery(signInWaysQuery);
  const start = useMutation({
    mutationFn: () => unwrap(api.startSingleSignOn({ body: { invitation_code: invitationCode ?? null } })),
    onSuccess: ({ address }) => window.location.assign(address),
  });
  if (!data?.single_sign_on) return null;
  return (
    <>
      <Button variant="default" onClick={() => start.mutate()} loading={start.isPending || start.isSuccess}>
        Sign in with {data.single_sign_on}
      </Button>
      {start.error && <Alert color="red">{start.error.message}</Alert>}
      <Divider label="or" />
    </>
  );
}
