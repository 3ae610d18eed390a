import { Alert, Button, Card, Group, Modal, Stack, Text, TextInput, Title } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconSchool } from "@tabler/icons-react";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { api, type FederationRecord, type ModelSet, unwrap } from "@/api";
import { student } from "@/api/tables.json";
import { Allowed } from "@/components/Allowed";
import { ModalForm } from "@/components/FormModal";
import { StudentsTable } from "@/components/StudentsTable";
import { studentsQuery } from "@/components/students";
import { fieldsOf, type JsonSchema } from "@/lib/schema";
import type { ThresholdChoice } from "./models";
import { NumberSettings, useNumberSettings } from "./NumberSettings";

const SCHEMA: JsonSchema = student;
const NAME_HELP = fieldsOf(SCHEMA, SCHEMA).find(({ name }) => name === "name")?.help;

interface Props {
  set: ModelSet;
  federation: FederationRecord;
  /** Of the super model that teaches. */
  threshold: ThresholdChoice;
  /** The registered version whose page it is, if it is one's. */
  version?: string;
}

/** One network for everybody that learns from the super model; nothing for a method without one. */
export function Students(props: Props) {
  const { set, federation, version } = props;
  const [opened, { open, close }] = useDisclosure(false);
  const teaches = set.strategy.name === "fedsm" && !set.imported;
  const students = useQuery({ ...studentsQuery(set.run_id), enabled: teaches });
  if (!teaches) return null;
  return (
    <Card withBorder data-testid="students">
      <Stack gap="sm">
        <Group justify="space-between">
          <Title order={2} size="h4">
            One student
          </Title>
          <Allowed permission="run_experiments" federationId={federation.id}>
            <Button variant="default" onClick={open} leftSection={<IconSchool size={16} aria-hidden />}>
              Train a student
            </Button>
          </Allowed>
        </Group>
        <Text size="sm" c="dimmed">
          The sites train one network on the super model's soft answers, so that there is one file that everybody can
          run. What that costs in Dice is shown here and in the results.
        </Text>
        <StudentsTable students={students.data ?? []} federation={federation} />
      </Stack>
      <Modal opened={opened} onClose={close} size="lg" title={`A student of ${version ?? "this super model"}`}>
        <StudentForm {...props} onClose={close} />
      </Modal>
    </Card>
  );
}

function StudentForm({ set, threshold, version, onClose }: Props & { onClose: () => void }) {
  const navigate = useNavigate();
  const numbers = useNumberSettings(SCHEMA);
  const [name, setName] = useState("");
  const start = useMutation({
    mutationFn: () =>
      unwrap(
        api.trainStudent({
          path: { run_id: set.run_id },
          body: {
            ...numbers.settings,
            threshold,
            version: version ?? null,
            name: name.trim() || null,
          },
        }),
      ),
    onSuccess: async (made) => {
      onClose();
      await navigate({ to: "/experiments/$experimentId", params: { experimentId: made.id }, search: {} });
    },
  });
  return (
    <ModalForm
      onSubmit={() => start.mutate()}
      onCancel={onClose}
      action="Train"
      busy={start.isPending}
      disabled={!numbers.ready}
      error={start.error}
      errorTitle="Not started"
    >
      <NumberSettings {...numbers} />
      <TextInput
        label="Name"
        description={NAME_HELP}
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
      />
      <Alert color="blue">
        It begins as the global model, with the sites, the data and the other settings of the run. A site gets the
        models that the selector chooses for its own training cases, and no answer leaves it.
      </Alert>
    </ModalForm>
  );
}
