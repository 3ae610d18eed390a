import { Group, Text } from "@mantine/core";
import { formatBytes } from "@/lib/format";

/** Sizes by kind of file, side by side. */
export function KindBytes({ kinds }: { kinds: readonly { kind: string; label: string; bytes: number }[] }) {
  return (
    <Group gap="lg" className="tabular">
      {kinds.map(({ kind, label, bytes }) => (
        <Text key={kind} size="sm" c="dimmed">
          {label} {formatBytes(bytes)}
        </Text>
      ))}
    </Group>
  );
}
