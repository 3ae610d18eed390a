import { Modal, Switch, Text, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { ApiError, api, type EmailsRecord, fieldErrors, unwrap } from "@/api";
import { Loaded, RowsSkeleton } from "@/components/Feedback";
import { ModalForm } from "@/components/FormModal";
import { HelpLink } from "@/components/HelpLink";
import { notifyDone } from "@/components/notify";
import { emailsQuery } from "./queries";

/** Whether and where one gets e-mails about the ends of runs of one's own experiments. */
export function EmailsModal({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  return (
    <Modal opened={opened} onClose={onClose} title="E-mails when runs end">
      <Content onClose={onClose} />
    </Modal>
  );
}

function Content({ onClose }: { onClose: () => void }) {
  const emails = useQuery(emailsQuery);
  return (
    <Loaded query={emails} skeleton={<RowsSkeleton rows={2} />}>
      {(present) =>
        present.is_offered ? (
          <EmailsForm present={present} onClose={onClose} />
        ) : (
          <Text size="sm">
            This platform sends no e-mails, because its operator has named no mail server. The browser can tell you
            instead: <i>Tell when runs end</i>. <HelpLink to="notices">How the operator sets it up</HelpLink>
          </Text>
        )
      }
    </Loaded>
  );
}

function EmailsForm({ present, onClose }: { present: EmailsRecord; onClose: () => void }) {
  const client = useQueryClient();
  const form = useForm({ initialValues: { address: present.address ?? "", wanted: present.wanted } });
  const choose = useMutation({
    mutationFn: () => unwrap<EmailsRecord>(api.chooseEmails({ body: form.values })),
    onSuccess: async (chosen) => {
      client.setQueryData(emailsQuery.queryKey, chosen);
      notifyDone(
        chosen.wanted
          ? `An e-mail goes to ${chosen.address} when a run of your experiments ends or fails.`
          : "You get no e-mails about runs.",
      );
      onClose();
    },
    onError: (error) => {
      if (error instanceof ApiError) form.setErrors(fieldErrors(error.fields));
    },
  });
  return (
    <ModalForm
      onSubmit={form.onSubmit(() => choose.mutate())}
      action="Save"
      onCancel={onClose}
      busy={choose.isPending}
      error={choose.error}
      fieldErrors={form.errors}
    >
      <Switch
        label="Send me an e-mail when a run ends or fails"
        description="Of experiments that you made. It says the method, the experiment and, of a failure, its cause."
        {...form.getInputProps("wanted", { type: "checkbox" })}
      />
      <TextInput
        label="Address"
        type="email"
        required
        autoComplete="email"
        maxLength={254}
        {...form.getInputProps("address")}
      />
    </ModalForm>
  );
}
