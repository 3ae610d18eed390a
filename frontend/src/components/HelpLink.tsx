import { Group } from "@mantine/core";
import { IconHelp } from "@tabler/icons-react";
import { TextLink } from "./links";

/** Leads to a document of the help, or to a section of it: `runs` or `runs#retention`. */
export function HelpLink({ to, children = "Help" }: { to: string; children?: string }) {
  const [document = to, anchor] = to.split("#");
  return (
    <TextLink to="/help/$document" params={{ document }} hash={anchor} search={{}} size="sm" c="dimmed">
      <Group gap={4} wrap="nowrap" component="span" display="inline-flex">
        <IconHelp size={16} aria-hidden />
        {children}
      </Group>
    </TextLink>
  );
}
