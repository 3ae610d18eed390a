import { Modal, Select, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { ApiError, api, fieldErrors, unwrap } from "@/api";
import { ModalForm } from "@/components/FormModal";
import { ShownOnce } from "@/components/ShownOnce";
import { tokensQuery } from "./queries";

const DAYS = [
  { value: "7", label: "7 days" },
  { value: "30", label: "30 days" },
  { value: "90", label: "90 days" },
  { value: "365", label: "1 year" },
];

const SCOPES = [
  { value: "all", label: "Everything that you may" },
  { value: "read", label: "Only look" },
];

export function NewTokenModal({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const client = useQueryClient();
  const form = useForm({ initialValues: { name: "", days: "90", scope: "all" } });
  const make = useMutation({
    mutationFn: () =>
      unwrap(
        api.createToken({
          body: {
            name: form.values.name,
            days: Number(form.values.days),
            scope: form.values.scope === "read" ? "read" : "all",
          },
        }),
      ),
    onSuccess: () => client.invalidateQueries({ queryKey: tokensQuery.queryKey }),
    onError: (error) => {
      if (error instanceof ApiError) form.setErrors(fieldErrors(error.fields));
    },
  });
  const close = () => {
    form.reset();
    make.reset();
    onClose();
  };
  return (
    <Modal opened={opened} onClose={close} title={make.data ? "Copy the token now" : "New token"} size="lg">
      {make.data ? (
        <ShownOnce
          words="It is shown this once. Keep it as you keep a password."
          secret={make.data.token}
          testId="token"
          onClose={close}
        />
      ) : (
        <ModalForm
          onSubmit={form.onSubmit(() => make.mutate())}
          action="Make token"
          onCancel={close}
          busy={make.isPending}
          error={make.error}
          fieldErrors={form.errors}
        >
          <TextInput
            label="Name"
            description="What it is for."
            required
            data-autofocus
            {...form.getInputProps("name")}
          />
          <Select label="May do" data={SCOPES} allowDeselect={false} {...form.getInputProps("scope")} />
          <Select label="Valid for" data={DAYS} allowDeselect={false} {...form.getInputProps("days")} />
        </ModalForm>
      )}
    </Modal>
  );
}
