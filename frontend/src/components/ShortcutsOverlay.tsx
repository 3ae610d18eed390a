import { Modal, Stack, Switch, Table, Text, Title } from "@mantine/core";
import { useLocalStorage } from "@mantine/hooks";
import { type GroupName, groupOf, SHORTCUTS } from "@/lib/shortcuts";
import { KeyCaps } from "./Keys";
import { SINGLE_KEYS, useBoundGroups } from "./useShortcuts";

/** Global ones come last: who asks wants to know what this page can do. */
const LAST: readonly GroupName[] = ["everywhere", "dialogs"];

/** The keys of what is on screen now. */
export default function ShortcutsOverlay({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const bound = useBoundGroups();
  const [singleKeys, setSingleKeys] = useLocalStorage({ key: SINGLE_KEYS, defaultValue: true });
  const ofPage = (Object.keys(SHORTCUTS) as GroupName[]).filter((name) => !LAST.includes(name) && bound.includes(name));
  return (
    <Modal opened={opened} onClose={onClose} title="Keyboard shortcuts" size="lg">
      <Stack gap="lg">
        {ofPage.length === 0 && (
          <Text size="sm" c="dimmed">
            This page has no shortcuts of its own: Tab goes on, Shift and Tab go back, Enter chooses.
          </Text>
        )}
        {[...ofPage, ...LAST].map((name) => (
          <GroupTable key={name} name={name} />
        ))}
        <Switch
          label="Letters and signs alone act"
          description="Switch this off where they get in the way of speech input. Keys with Ctrl and the arrows stay."
          checked={singleKeys}
          onChange={(event) => setSingleKeys(event.currentTarget.checked)}
        />
      </Stack>
    </Modal>
  );
}

function GroupTable({ name }: { name: GroupName }) {
  const { title, shortcuts } = groupOf(name);
  return (
    <section>
      <Title order={3} size="h6" mb={4}>
        {title}
      </Title>
      <Table aria-label={title} fz="sm" verticalSpacing={5} layout="fixed" highlightOnHover={false}>
        <Table.Tbody>
          {Object.entries(shortcuts).map(([id, { keys, does }]) => (
            <Table.Tr key={id}>
              <Table.Th scope="row" fw={400}>
                {does}
              </Table.Th>
              <Table.Td ta="right" w={220}>
                <KeyCaps keys={keys} />
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </section>
  );
}
