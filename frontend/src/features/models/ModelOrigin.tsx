import { Button, Card, Code, Collapse, List, Stack, Table, Text, Title } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import type { FederationRecord, ModelSet, TrainingData } from "@/api";
import { Fingerprint } from "@/components/Fingerprint";
import { Isolated } from "@/components/Isolated";
import { TextLink } from "@/components/links";
import { SiteMark } from "@/components/SiteMark";
import { describePath } from "@/lib/fieldNames";
import { roundSpans } from "@/lib/roundSpans";
import { settingText, siteLook } from "@/lib/sites";
import { originFacts, withoutMarks } from "./models";

interface Props {
  set: ModelSet;
  federation: FederationRecord;
}

/** The method, the settings and the data that made the models: enough to make them again. */
export function ModelOrigin({ set, federation }: Props) {
  return (
    <Card withBorder data-testid="model-origin">
      <Stack>
        <Title order={2} size="h4">
          Where it comes from
        </Title>
        <Facts set={set} />
        <Title order={3} size="h5">
          Trained on
        </Title>
        <Data set={set} federation={federation} />
        <Title order={3} size="h5">
          Differs from the defaults
        </Title>
        <Changed set={set} federation={federation} />
        <Configuration set={set} />
        <Usage steps={set.usage} />
      </Stack>
    </Card>
  );
}

function Facts({ set }: { set: ModelSet }) {
  return (
    <Table fz="sm" verticalSpacing={4} layout="fixed">
      <Table.Tbody>
        <Table.Tr>
          <Table.Th scope="row" fw={400} c="dimmed" w="35%">
            Experiment
          </Table.Th>
          <Table.Td>
            <TextLink
              size="sm"
              to="/experiments/$experimentId"
              params={{ experimentId: set.experiment_id }}
              search={{ run: set.run_id }}
            >
              <Isolated>{set.experiment_name}</Isolated>
            </TextLink>
          </Table.Td>
        </Table.Tr>
        {originFacts(set).map(([label, value]) => (
          <Table.Tr key={label}>
            <Table.Th scope="row" fw={400} c="dimmed">
              {label}
            </Table.Th>
            <Table.Td>{value}</Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}

function Data({ set, federation }: Props) {
  return (
    <Table fz="sm" verticalSpacing={4}>
      <Table.Thead>
        <Table.Tr>
          <Table.Th>Site</Table.Th>
          <Table.Th ta="right">Train</Table.Th>
          <Table.Th ta="right">Val</Table.Th>
          <Table.Th ta="right">Test</Table.Th>
          <Table.Th ta="right">Updates in rounds</Table.Th>
          <Table.Th ta="right">Fingerprint</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {set.data.map((data) => {
          const look = siteLook(data.site_slug, federation);
          return (
            <Table.Tr key={data.dataset_id}>
              <Table.Th scope="row" fw={400}>
                <SiteMark {...look} />
                {!data.trained_on && (
                  <Text size="xs" c="dimmed">
                    {whyNotTrained(data)}
                  </Text>
                )}
              </Table.Th>
              {(["train", "val", "test"] as const).map((split) => (
                <Table.Td key={split} ta="right">
                  {data.num_by_split[split] ?? 0}
                </Table.Td>
              ))}
              <Table.Td ta="right">{data.used_rounds.length > 0 ? roundSpans(data.used_rounds) : "none"}</Table.Td>
              <Table.Td ta="right">
                <Fingerprint value={data.fingerprint} of={`the data of ${look.name}`} />
              </Table.Td>
            </Table.Tr>
          );
        })}
      </Table.Tbody>
    </Table>
  );
}

function whyNotTrained(data: TrainingData): string {
  if (data.only_in_selector) return "only in the model selector: no network was trained on it";
  return data.held_out ? "held out: tested, not trained on" : "not trained on: no update of it was used";
}

function Changed({ set, federation }: Props) {
  if (set.changed_settings.length === 0) return <Text size="sm">Every setting is at its default.</Text>;
  return (
    <Table fz="sm" verticalSpacing={4} layout="fixed">
      <Table.Tbody>
        {set.changed_settings.map((setting) => (
          <Table.Tr key={setting.path}>
            <Table.Th scope="row" fw={400} title={setting.path}>
              {describePath(setting.path, [])}
            </Table.Th>
            <Table.Td>
              <b>{settingText(federation, setting.path, setting.value)}</b>{" "}
              <Text span size="xs" c="dimmed">
                default {setting.default}
              </Text>
            </Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}

/** The same steps as in the card of the download. */
function Usage({ steps }: { steps: string[] }) {
  const [open, { toggle }] = useDisclosure(false);
  return (
    <div>
      <Button size="compact-sm" variant="default" onClick={toggle} aria-expanded={open}>
        {open ? "Hide how to use the files outside" : "How to use the files outside"}
      </Button>
      <Collapse expanded={open}>
        <List type="ordered" size="sm" mt="xs" spacing={4} data-testid="usage">
          {steps.map((step) => (
            <List.Item key={step} style={{ overflowWrap: "anywhere" }}>
              {withoutMarks(step)}
            </List.Item>
          ))}
        </List>
      </Collapse>
    </div>
  );
}

/** How images are prepared is in it too. */
function Configuration({ set }: { set: ModelSet }) {
  const [open, { toggle }] = useDisclosure(false);
  return (
    <div>
      <Button size="compact-sm" variant="default" onClick={toggle} aria-expanded={open}>
        {open ? "Hide the whole configuration" : "Show the whole configuration"}
      </Button>
      <Collapse expanded={open}>
        <Code block mt="xs" mah={420} tabIndex={0} style={{ overflow: "auto" }}>
          {JSON.stringify({ ...set.config, strategies: [set.strategy] }, null, 1)}
        </Code>
      </Collapse>
    </div>
  );
}
