import { ColorSwatch, Group, Text } from "@mantine/core";
import { siteColour } from "@/lib/palette";

/** A site's name behind its colour, the same everywhere. */
export function SiteMark({
  position,
  name,
  size = "sm",
}: {
  position: number;
  name: string;
  size?: "xs" | "sm" | "md";
}) {
  return (
    <Group gap={8} wrap="nowrap">
      <ColorSwatch color={siteColour(position)} size={12} radius="sm" withShadow={false} aria-hidden />
      <Text size={size} component="span" truncate>
        {name}
      </Text>
    </Group>
  );
}
