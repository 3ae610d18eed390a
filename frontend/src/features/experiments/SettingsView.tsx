import { Card, Group, Stack, Switch, Table, Text, TextInput, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { ExperimentRecord, FederationRecord, RunRecord } from "@/api";
import { Loaded } from "@/components/Feedback";
import { describePath } from "@/lib/fieldNames";
import { plural } from "@/lib/format";
import type { JsonSchema } from "@/lib/schema";
import { type Setting, settingsOf } from "@/lib/settings";
import { settingText } from "@/lib/sites";
import { experimentSchemaQuery } from "./queries";

interface Props {
  experiment: ExperimentRecord;
  federation: FederationRecord;
  /** Whose method's settings are shown, and no other method's; left out: all of the experiment's. */
  run?: RunRecord;
}

/** All settings in words and as a file has them, with their defaults; those that differ stand out. */
export function SettingsView(props: Props) {
  const schema = useQuery(experimentSchemaQuery);
  return <Loaded query={schema}>{(contract) => <Settings schema={contract} {...props} />}</Loaded>;
}

function Settings({ schema, experiment, federation, run }: Props & { schema: JsonSchema }) {
  const [onlyChanged, setOnlyChanged] = useState(false);
  const [find, setFind] = useState("");
  const config = run ? { ...experiment.config, strategies: [run.strategy] } : experiment.config;
  const strategies = config.strategies;
  const all = settingsOf(schema, schema, config).map((setting) => ({
    ...setting,
    value: settingText(federation, setting.path, setting.value),
    default: settingText(federation, setting.path, setting.default),
    words: describePath(setting.path, strategies),
  }));
  const changed = all.filter((setting) => setting.changed).length;
  const wanted = find.trim().toLowerCase();
  const shown = all.filter(
    (setting) =>
      (setting.changed || !onlyChanged) &&
      `${setting.words} ${setting.path} ${setting.value}`.toLowerCase().includes(wanted),
  );
  return (
    <Card withBorder>
      <Group justify="space-between" mb="sm">
        <div>
          <Title order={2} size="h4">
            Settings
          </Title>
          <Text size="sm" c="dimmed" data-testid="settings-count">
            {changed === 0
              ? `All ${all.length} settings are at their defaults.`
              : `${changed} of ${plural(all.length, "setting")} differ${changed === 1 ? "s" : ""} from the default${changed === 1 ? "" : "s"}.`}
          </Text>
        </div>
        <Group gap="md">
          <Switch
            size="sm"
            label="Only what differs"
            checked={onlyChanged}
            onChange={(event) => setOnlyChanged(event.currentTarget.checked)}
          />
          <TextInput
            size="xs"
            aria-label="Find a setting"
            placeholder="Find a setting"
            value={find}
            onChange={(event) => setFind(event.currentTarget.value)}
          />
        </Group>
      </Group>
      {shown.length === 0 ? (
        <Text size="sm" c="dimmed">
          No setting has what is asked for.
        </Text>
      ) : (
        <SettingsTable settings={shown} />
      )}
    </Card>
  );
}

function SettingsTable({ settings }: { settings: readonly (Setting & { words: string })[] }) {
  return (
    <Table verticalSpacing={4} data-testid="settings">
      <Table.Thead>
        <Table.Tr>
          {["Setting", "Value", "Default", "In a file"].map((head) => (
            <Table.Th key={head} scope="col">
              {head}
            </Table.Th>
          ))}
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {settings.map((setting) => (
          <Table.Tr key={setting.path}>
            <Table.Th scope="row" fw={setting.changed ? 600 : 400}>
              {setting.words}
            </Table.Th>
            <Table.Td fw={setting.changed ? 600 : undefined} style={{ overflowWrap: "anywhere" }}>
              {setting.value}
            </Table.Td>
            <Table.Td c="dimmed" style={{ overflowWrap: "anywhere" }}>
              {setting.changed ? setting.default : "the same"}
            </Table.Td>
            <Table.Td c="dimmed" fz="xs" style={{ overflowWrap: "anywhere" }}>
              {setting.path}
            </Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}

/** The same below a run, folded: most look at the curves. */
export function RunSettings(props: Required<Props>) {
  const [opened, setOpened] = useState(false);
  return (
    <Stack gap="xs">
      <Title order={2} size="h4">
        Settings
      </Title>
      <details onToggle={(event) => setOpened(event.currentTarget.open)}>
        <summary>
          <Text span size="sm">
            Settings of this run
          </Text>
        </summary>
      </details>
      {opened && <SettingsView {...props} />}
    </Stack>
  );
}
