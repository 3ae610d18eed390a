import { Group, Kbd, Text } from "@mantine/core";
import { Fragment } from "react";
import { type GroupName, groupOf, keyWords, type ShortcutName } from "@/lib/shortcuts";

/** The keys of a shortcut, as the list of lib/shortcuts.ts has them. */
export function Keys<Group extends GroupName>({ group, name }: { group: Group; name: ShortcutName<Group> }) {
  return <KeyCaps keys={groupOf(group).shortcuts[name as string]?.keys ?? []} />;
}

/** A key that all are pressed with is named once. */
export function KeyCaps({ keys }: { keys: readonly string[] }) {
  const mac = /mac/i.test(window.navigator.userAgent);
  const words = keys.map((key) => keyWords(key, mac));
  const [held] = words[0] ?? [];
  const shared = words.length > 1 && words.every((entry) => entry.length > 1 && entry[0] === held);
  return (
    <Group gap={6} component="span" display="inline-flex" wrap="nowrap">
      {shared && held && (
        <span style={{ whiteSpace: "nowrap" }}>
          <Kbd size="xs">{held}</Kbd>
          <Plus />
        </span>
      )}
      {words.map((entry, index) => (
        <span key={keys[index]} style={{ whiteSpace: "nowrap" }}>
          {entry.slice(shared ? 1 : 0).map((word, place) => (
            <Fragment key={word}>
              {place > 0 && <Plus />}
              <Kbd size="xs">{word}</Kbd>
            </Fragment>
          ))}
        </span>
      ))}
    </Group>
  );
}

function Plus() {
  return (
    <Text span size="xs" c="dimmed">
      {" + "}
    </Text>
  );
}
