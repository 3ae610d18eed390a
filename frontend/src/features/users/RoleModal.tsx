import { Modal } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { ApiError, api, type FederationRecord, fieldErrors, type UserRecord, unwrap } from "@/api";
import { ModalForm } from "@/components/FormModal";
import { notifyDone } from "@/components/notify";
import { usersQuery } from "./queries";
import { federationChosen, onlyFederation, RoleFields, type RoleValues, roleBody } from "./RoleFields";

interface Props {
  user: UserRecord | undefined;
  federations: readonly FederationRecord[];
  onClose: () => void;
}

/** Another role in a federation, or a first one. */
export function RoleModal({ user, federations, onClose }: Props) {
  return (
    <Modal opened={user !== undefined} onClose={onClose} title={user && `Role of ${user.name}`} size="lg">
      {user && <RoleForm user={user} federations={federations} onClose={onClose} />}
    </Modal>
  );
}

function RoleForm({ user, federations, onClose }: Props & { user: UserRecord }) {
  const client = useQueryClient();
  const first = user.memberships.find((member) => member.given_by_group === null);
  const form = useForm<RoleValues>({
    initialValues: {
      federation: first?.federation_id ?? onlyFederation(federations),
      role: first?.role ?? "reader",
      site_ids: first?.site_ids ?? [],
    },
    validate: { federation: federationChosen },
  });
  const give = useMutation({
    mutationFn: (values: RoleValues) =>
      unwrap(api.setMember({ path: { federation_id: values.federation, user_id: user.id }, body: roleBody(values) })),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: usersQuery.queryKey });
      notifyDone(`${user.name} has the role now.`);
      onClose();
    },
    onError: (error) => {
      if (error instanceof ApiError) form.setErrors(fieldErrors(error.fields));
    },
  });
  return (
    <ModalForm
      onSubmit={form.onSubmit((values) => give.mutate(values))}
      action="Give role"
      onCancel={onClose}
      busy={give.isPending}
      error={give.error}
      fieldErrors={form.errors}
    >
      <RoleFields form={form} federations={federations} />
    </ModalForm>
  );
}
