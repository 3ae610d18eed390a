import { Group, Kbd, Text } from "@mantine/core";
import { Fragment } from "react";
import { type GroupName, groupOf, keyWords, type ShortcutName } from "@/lib/shortcuts";

/** The keys of a shortcut, as the list of lib/shortcuts.ts has them. */
export function Keys<Group extends GroupName>({ group, name }: { group: Group; name: ShortcutName<Group> }) {
  return <KeyCaps keys={groupOf(group).shortcuts[name as string]?.keys ?? []} />;
}

export function KeyCaps({ keys }: { keys: readonly string[] }) {
  const mac = /mac/i.test(window.navigator.userAgent);
  return (
    <Group gap={6} component="span" display="inline-flex" wrap="nowrap">
      {keys.map((key) => (
        <span key={key} style={{ whiteSpace: "nowrap" }}>
          {keyWords(key, mac).map((word, index) => (
            <Fragment key={word}>
              {index > 0 && (
                <Text span size="xs" c="dimmed">
                  {" + "}
                </Text>
              )}
              <Kbd size="xs">{word}</Kbd>
            </Fragment>
          ))}
        </span>
      ))}
    </Group>
  );
}
