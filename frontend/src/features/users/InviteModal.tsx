import { Modal, Switch, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { ApiError, api, type FederationRecord, fieldErrors, type NewInvitation, unwrap } from "@/api";
import { ModalForm } from "@/components/FormModal";
import { useMay } from "@/components/useMay";
import { LinkBox } from "./LinkBox";
import { invitationsQuery } from "./queries";
import { federationChosen, onlyFederation, RoleFields, type RoleValues, roleBody } from "./RoleFields";

interface Props {
  /** Into which the caller may invite. */
  federations: readonly FederationRecord[];
  opened: boolean;
  onClose: () => void;
}

export function InviteModal({ federations, opened, onClose }: Props) {
  return (
    <Modal opened={opened} onClose={onClose} title="Invite a person" size="lg">
      <InviteForm federations={federations} onClose={onClose} />
    </Modal>
  );
}

function InviteForm({ federations, onClose }: Omit<Props, "opened">) {
  const client = useQueryClient();
  const mayMakeAdministrators = useMay("manage_users");
  const form = useForm<RoleValues & { label: string; administrator: boolean }>({
    initialValues: {
      label: "",
      administrator: federations.length === 0,
      federation: onlyFederation(federations),
      role: "researcher",
      site_ids: [],
    },
    validate: {
      federation: (federation, { administrator }) => (administrator ? null : federationChosen(federation)),
    },
  });
  const invite = useMutation({
    mutationFn: ({ label, administrator, ...role }: typeof form.values) =>
      administrator
        ? unwrap<NewInvitation>(api.inviteAdministrator({ body: { label } }))
        : unwrap<NewInvitation>(
            api.inviteMember({ path: { federation_id: role.federation }, body: { label, ...roleBody(role) } }),
          ),
    onSuccess: () => client.invalidateQueries({ queryKey: invitationsQuery.queryKey }),
    onError: (error) => {
      if (error instanceof ApiError) form.setErrors(fieldErrors(error.fields));
    },
  });
  if (invite.data) return <LinkBox path={invite.data.path} onClose={onClose} />;
  return (
    <ModalForm
      onSubmit={form.onSubmit((values) => invite.mutate(values))}
      action="Make link"
      onCancel={onClose}
      busy={invite.isPending}
      error={invite.error}
      fieldErrors={form.errors}
    >
      <TextInput
        label="Whom it is for"
        description="A note for you. The invited choose the name under which they sign in."
        required
        data-autofocus
        {...form.getInputProps("label")}
      />
      {mayMakeAdministrators && (
        <Switch
          label="As administrator of the installation"
          description="May everything, in every federation."
          disabled={federations.length === 0}
          {...form.getInputProps("administrator", { type: "checkbox" })}
        />
      )}
      {!form.values.administrator && <RoleFields form={form} federations={federations} />}
    </ModalForm>
  );
}
