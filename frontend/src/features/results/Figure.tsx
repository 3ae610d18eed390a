import { Text } from "@mantine/core";

/** One number that is worth its size, and what it is. */
export function Figure({ value, label }: { value: string; label: string }) {
  return (
    <div style={{ minWidth: 120 }}>
      <Text fz={22} fw={600}>
        {value}
      </Text>
      <Text size="xs" c="dimmed">
        {label}
      </Text>
    </div>
  );
}
