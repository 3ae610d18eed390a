import {
  Alert,
  Button,
  Card,
  Group,
  Modal,
  MultiSelect,
  Select,
  Stack,
  Switch,
  Table,
  Text,
  Title,
} from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconTestPipe } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import {
  api,
  type DatasetRecord,
  datasetsQuery,
  type ExperimentRecord,
  type FederationRecord,
  federationsQuery,
  type ModelSet,
  unwrap,
} from "@/api";
import { Allowed } from "@/components/Allowed";
import { Loaded, RowsSkeleton } from "@/components/Feedback";
import { ModalForm } from "@/components/FormModal";
import { Isolated } from "@/components/Isolated";
import { TextLink } from "@/components/links";
import { notifyError } from "@/components/notify";
import { StateBadge } from "@/components/StateBadge";
import { formatDateTime, plural } from "@/lib/format";
import { sameTask, type ThresholdChoice } from "./models";
import { modelTestsQuery } from "./queries";

interface Props {
  set: ModelSet;
  /** Of the super model. */
  threshold: ThresholdChoice;
}

/** Scores on data that the model has not seen, without training; and the tests there are. */
export function TestModel({ set, threshold }: Props) {
  const [opened, { open, close }] = useDisclosure(false);
  const tests = useQuery(modelTestsQuery(set.run_id));
  return (
    <Card withBorder data-testid="model-tests">
      <Stack gap="sm">
        <Group justify="space-between">
          <Title order={2} size="h4">
            On other data
          </Title>
          <Allowed permission="run_experiments" federationId={set.federation_id}>
            <Button variant="default" onClick={open} leftSection={<IconTestPipe size={16} aria-hidden />}>
              Test on other data
            </Button>
          </Allowed>
        </Group>
        <Loaded query={tests} skeleton={<RowsSkeleton rows={1} />}>
          {(all) => <TestsTable tests={all} />}
        </Loaded>
      </Stack>
      <Modal opened={opened} onClose={close} title={`Test ${set.strategy_label}, seed ${set.seed} on other data`}>
        <TestForm set={set} threshold={threshold} onClose={close} />
      </Modal>
    </Card>
  );
}

function TestsTable({ tests }: { tests: readonly ExperimentRecord[] }) {
  if (tests.length === 0) {
    return (
      <Text size="sm" c="dimmed">
        Not tested on other data yet. A test scores every model on data sets that you choose, of this or another
        federation, and trains nothing.
      </Text>
    );
  }
  return (
    <Table fz="sm">
      <Table.Tbody>
        {tests.map((test) => (
          <Table.Tr key={test.id}>
            <Table.Td style={{ overflowWrap: "anywhere" }}>
              <TextLink
                size="sm"
                to="/experiments/$experimentId"
                params={{ experimentId: test.id }}
                search={{ run: test.status === "completed" ? "results" : undefined }}
              >
                <Isolated>{test.name}</Isolated>
              </TextLink>
            </Table.Td>
            <Table.Td>
              <StateBadge state={test.status} size="sm" />
            </Table.Td>
            <Table.Td c="dimmed">{formatDateTime(test.created_at)}</Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}

function TestForm({ set, threshold, onClose }: Props & { onClose: () => void }) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const federations = useQuery(federationsQuery);
  const [federationId, setFederation] = useState(set.federation_id);
  const [chosen, setChosen] = useState<string[]>([]);
  const [testSplit, setTestSplit] = useState(false);
  const datasets = useQuery(datasetsQuery(federationId));
  const fitting = (federations.data ?? []).filter((federation) => sameTask(federation.task, set.task));
  const start = useMutation({
    mutationFn: () =>
      unwrap(
        api.testModel({
          path: { run_id: set.run_id },
          body: { datasets: chosen, cases: testSplit ? "test" : "all", threshold },
        }),
      ),
    onSuccess: async (experiment) => {
      await client.invalidateQueries({ queryKey: modelTestsQuery(set.run_id).queryKey });
      onClose();
      await navigate({ to: "/experiments/$experimentId", params: { experimentId: experiment.id }, search: {} });
    },
    onError: (error) => notifyError("The test could not be started", error),
  });
  return (
    <ModalForm
      onSubmit={() => {
        if (chosen.length > 0) start.mutate();
      }}
      action={`Test on ${plural(chosen.length, "data set")}`}
      onCancel={onClose}
      busy={start.isPending}
      disabled={chosen.length === 0}
    >
      <Select
        label="Federation"
        description="Those with the model's structures, channels and dimensions."
        data={fitting.map((federation: FederationRecord) => ({ value: federation.id, label: federation.name }))}
        value={federationId}
        onChange={(id) => {
          if (id) setFederation(id);
          setChosen([]);
        }}
        allowDeselect={false}
      />
      <MultiSelect
        label="Data sets"
        placeholder={chosen.length === 0 ? "Choose at least one" : undefined}
        data={(datasets.data ?? []).filter(({ status }) => status === "ready").map(choice)}
        value={chosen}
        onChange={setChosen}
        searchable
        nothingFoundMessage={datasets.isPending ? "Loading…" : "No checked data set"}
        data-autofocus
      />
      <Switch
        label="Only the cases that the split tests"
        description="Otherwise every case, whatever its split."
        checked={testSplit}
        onChange={(event) => setTestSplit(event.currentTarget.checked)}
      />
      <Alert color="blue">
        Cases whose images the model trained or validated on are left out. Nothing is trained; what the sites' policies
        hold back stays there.
      </Alert>
    </ModalForm>
  );
}

function choice(dataset: DatasetRecord) {
  return { value: dataset.id, label: `${dataset.site_name}: ${dataset.name} (${plural(dataset.num_used, "case")})` };
}
