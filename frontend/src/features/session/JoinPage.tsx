import { Alert, Button, List, Loader, PasswordInput, Text, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useDocumentTitle } from "@mantine/hooks";
import { useMutation, useQuery } from "@tanstack/react-query";
import { ApiError, api, fieldErrors, type SeenInvitation, unwrap } from "@/api";
import { roles } from "@/api/tables.json";
import { Isolated } from "@/components/Isolated";
import { formatDateTime } from "@/lib/format";
import { CodeInput, codeProblem, wantsCode } from "./CodeInput";
import { EntryCard } from "./EntryCard";
import { SingleSignOnButton } from "./SingleSignOnButton";

/** The invited choose a name and a password, or give those that they have. */
export function JoinPage() {
  useDocumentTitle("Invitation · FedSM Studio");
  const code = window.location.hash.slice(1);
  const invitation = useQuery({
    queryKey: ["invitation", code],
    queryFn: () => unwrap(api.lookAtInvitation({ body: { invitation_code: code } })),
    enabled: code !== "",
    retry: false,
  });
  if (invitation.data) return <Accept code={code} invitation={invitation.data} />;
  const problem =
    code === "" ? "The link is not whole: copy all of it, with what follows #." : invitation.error?.message;
  return (
    <EntryCard onSubmit={() => undefined}>
      {problem ? <Alert color="red">{problem}</Alert> : <Loader role="status" aria-label="Reading the invitation" />}
    </EntryCard>
  );
}

function Accept({ code, invitation }: { code: string; invitation: SeenInvitation }) {
  const form = useForm({ initialValues: { name: invitation.name ?? "", password: "", again: "", code: "" } });
  const accept = useMutation({
    mutationFn: (values: { name: string; password: string; code: string }) =>
      unwrap(
        api.acceptInvitation({
          body: {
            invitation_code: code,
            name: values.name,
            password: values.password,
            code: values.code.trim() || null,
          },
        }),
      ),
    onSuccess: () => window.location.assign("/"),
    onError: (error) => {
      if (error instanceof ApiError) form.setErrors(fieldErrors(error.fields));
    },
  });
  const submit = form.onSubmit((values) => {
    if (values.password !== values.again) form.setFieldError("again", "The two passwords differ.");
    else accept.mutate(values);
  });
  return (
    <EntryCard onSubmit={submit}>
      <Words invitation={invitation} />
      {invitation.role !== null && <SingleSignOnButton invitationCode={code} />}
      <TextInput
        label="Name"
        description={
          invitation.name ? undefined : "Under which you sign in. If you have an account, give its name and password."
        }
        readOnly={invitation.name !== null}
        autoComplete="username"
        autoFocus={invitation.name === null}
        required
        {...form.getInputProps("name")}
      />
      <PasswordInput
        label="Password"
        description="At least 12 characters."
        autoComplete="new-password"
        required
        {...form.getInputProps("password")}
      />
      <PasswordInput label="Password, again" autoComplete="new-password" required {...form.getInputProps("again")} />
      {wantsCode(accept.error) && (
        <CodeInput
          value={form.values.code}
          onChange={(next) => form.setFieldValue("code", next)}
          error={codeProblem(accept.error)}
        />
      )}
      {accept.error && !wantsCode(accept.error) && Object.keys(form.errors).length === 0 && (
        <Alert color="red">{accept.error.message}</Alert>
      )}
      <Button type="submit" loading={accept.isPending}>
        {invitation.name === null ? "Accept" : "Set password"}
      </Button>
    </EntryCard>
  );
}

function Words({ invitation }: { invitation: SeenInvitation }) {
  if (invitation.role === null) {
    return (
      <Text size="sm">
        Choose a new password for <Isolated>{invitation.name ?? ""}</Isolated>. Your other sign-ins end.
      </Text>
    );
  }
  const role = roles[invitation.role];
  return (
    <>
      <Text size="sm" component="div">
        <Isolated>{invitation.created_by}</Isolated> invites you to{" "}
        <b>
          <Isolated>{invitation.federation ?? "this installation"}</Isolated>
        </b>{" "}
        as <b>{role.label}</b>. {role.meaning}
      </Text>
      {invitation.sites.length > 0 && (
        <List size="sm">
          {invitation.sites.map((site) => (
            <List.Item key={site}>
              <Isolated>{site}</Isolated>
            </List.Item>
          ))}
        </List>
      )}
      <Text size="xs" c="dimmed">
        The link works once, until {formatDateTime(invitation.expires_at)}.
      </Text>
    </>
  );
}
