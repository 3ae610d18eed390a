import { Modal, PasswordInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useMutation } from "@tanstack/react-query";
import { ApiError, api, fieldErrors, unwrap } from "@/api";
import { ModalForm } from "@/components/FormModal";
import { notifyDone } from "@/components/notify";

export function PasswordModal({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  return (
    <Modal opened={opened} onClose={onClose} title="Change password">
      <PasswordForm onClose={onClose} />
    </Modal>
  );
}

function PasswordForm({ onClose }: { onClose: () => void }) {
  const form = useForm({ initialValues: { password: "", new_password: "" } });
  const change = useMutation({
    mutationFn: () => unwrap(api.changePassword({ body: form.values })),
    onSuccess: () => {
      notifyDone("Your password is changed. Your other sign-ins have ended.");
      onClose();
    },
    onError: (error) => {
      if (error instanceof ApiError) form.setErrors(fieldErrors(error.fields));
    },
  });
  return (
    <ModalForm
      onSubmit={form.onSubmit(() => change.mutate())}
      action="Change password"
      onCancel={onClose}
      busy={change.isPending}
      error={change.error}
      fieldErrors={form.errors}
    >
      <PasswordInput
        label="Present password"
        required
        data-autofocus
        autoComplete="current-password"
        {...form.getInputProps("password")}
      />
      <PasswordInput
        label="New password"
        description="At least 12 characters."
        required
        autoComplete="new-password"
        {...form.getInputProps("new_password")}
      />
    </ModalForm>
  );
}
