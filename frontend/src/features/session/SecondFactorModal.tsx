import { Modal, PasswordInput, Text } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, type SecondFactorRecord, unwrap } from "@/api";
import { Loaded } from "@/components/Feedback";
import { ModalForm } from "@/components/FormModal";
import { notifyDone } from "@/components/notify";
import { formatDateTime, plural } from "@/lib/format";
import { CodeInput, codeProblem } from "./CodeInput";
import { secondFactorQuery } from "./queries";
import { SecondFactorSetup } from "./SecondFactorSetup";

export function SecondFactorModal({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  return (
    <Modal opened={opened} onClose={onClose} title="Second factor" size="md">
      <Content onClose={onClose} />
    </Modal>
  );
}

function Content({ onClose }: { onClose: () => void }) {
  const present = useQuery(secondFactorQuery);
  const [setUp, setSetUp] = useState<boolean>();
  return (
    <Loaded query={present}>
      {(loaded) =>
        // Once the set-up has begun, its recovery codes stay in sight.
        setUp || !loaded.enabled_at ? (
          <SecondFactorSetup onDone={onClose} onCancel={onClose} onStarted={() => setSetUp(true)} />
        ) : (
          <Removal present={loaded} onClose={onClose} />
        )
      }
    </Loaded>
  );
}

function Removal({ present, onClose }: { present: SecondFactorRecord; onClose: () => void }) {
  const client = useQueryClient();
  const [password, setPassword] = useState("");
  const [code, setCode] = useState("");
  const remove = useMutation({
    mutationFn: () => unwrap(api.removeSecondFactor({ body: { password, code } })),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: secondFactorQuery.queryKey });
      notifyDone("The second factor is removed: name and password alone let you in.");
      onClose();
    },
  });
  const since = `On since ${present.enabled_at ? formatDateTime(present.enabled_at) : ""}; ${plural(
    present.num_recovery_codes,
    "recovery code",
  )} left.`;
  if (present.is_required) {
    return (
      <Text size="sm">
        {since} This platform asks you for it. For another phone, an administrator resets it under Users.
      </Text>
    );
  }
  return (
    <ModalForm
      onSubmit={() => remove.mutate()}
      action="Remove the second factor"
      onCancel={onClose}
      busy={remove.isPending}
      error={codeProblem(remove.error) ? null : remove.error}
    >
      <Text size="sm">{since} To use another phone, remove it and set it up again.</Text>
      <PasswordInput
        label="Present password"
        value={password}
        onChange={(event) => setPassword(event.currentTarget.value)}
        autoComplete="current-password"
        required
      />
      <CodeInput value={code} onChange={setCode} error={codeProblem(remove.error)} />
    </ModalForm>
  );
}
