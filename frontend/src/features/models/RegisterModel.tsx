import { Autocomplete, Button, Group, Modal, TagsInput, Textarea } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconBookmark } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { api, type ModelSet, registeredModelsQuery, unwrap } from "@/api";
import { Allowed } from "@/components/Allowed";
import { ModalForm } from "@/components/FormModal";
import { TextLink } from "@/components/links";
import type { ThresholdChoice } from "./models";
import { ALIAS_RULE, aliasChoices, referencesOf } from "./registry";

interface Props {
  set: ModelSet;
  /** Of the super model. */
  threshold: ThresholdChoice;
}

/** Keeps the models under a name; and the versions that they are already. */
export function RegisterModel({ set, threshold }: Props) {
  const [opened, { open, close }] = useDisclosure(false);
  const models = useQuery(registeredModelsQuery(set.federation_id));
  const versions = referencesOf(models.data ?? [], set.run_id);
  return (
    <Group gap="xs" wrap="nowrap">
      {versions.map(({ id, reference }) => (
        <TextLink key={id} size="sm" to="/models/$versionId" params={{ versionId: id }} search={{}}>
          {reference}
        </TextLink>
      ))}
      <Allowed permission="register_models" federationId={set.federation_id}>
        <Button variant="default" onClick={open} leftSection={<IconBookmark size={16} aria-hidden />}>
          Register
        </Button>
      </Allowed>
      <Modal opened={opened} onClose={close} title="Register these models">
        <RegisterForm set={set} threshold={threshold} onClose={close} />
      </Modal>
    </Group>
  );
}

function RegisterForm({ set, threshold, onClose }: Props & { onClose: () => void }) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const { queryKey } = registeredModelsQuery(set.federation_id);
  const models = useQuery(registeredModelsQuery(set.federation_id)).data ?? [];
  const [name, setName] = useState("");
  const [aliases, setAliases] = useState<string[]>([]);
  const [notes, setNotes] = useState("");
  const known = models.find((model) => model.name === name);
  const register = useMutation({
    mutationFn: () =>
      unwrap(api.registerModel({ path: { run_id: set.run_id }, body: { name, aliases, notes, threshold } })),
    onSuccess: async (made) => {
      await client.invalidateQueries({ queryKey });
      onClose();
      await navigate({ to: "/models/$versionId", params: { versionId: made.id }, search: {} });
    },
  });
  return (
    <ModalForm
      onSubmit={() => register.mutate()}
      onCancel={onClose}
      action="Register"
      busy={register.isPending}
      disabled={!name}
      error={register.error}
      errorTitle="Not registered"
    >
      <Autocomplete
        label="Name"
        description={
          known
            ? `The next version of ${known.name}, which has ${known.versions.length} now.`
            : "A new name, or one that gets its next version. Letters, digits, dots, dashes."
        }
        data={models.map((model) => model.name)}
        value={name}
        onChange={setName}
        data-autofocus
        required
      />
      <TagsInput
        label="Aliases"
        description={`They point to this version from now on, wherever they pointed before. ${ALIAS_RULE}`}
        data={aliasChoices(known)}
        value={aliases}
        onChange={setAliases}
      />
      <Textarea
        label="Notes"
        description="What you say about it, on its card."
        autosize
        minRows={3}
        value={notes}
        onChange={(event) => setNotes(event.currentTarget.value)}
      />
    </ModalForm>
  );
}
