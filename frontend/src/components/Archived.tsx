import { Badge } from "@mantine/core";

/** Next to the name of something in the archive, or to what belongs to it. */
export function Archived({ what = "Archived", size = "md" }: { what?: string; size?: "sm" | "md" }) {
  return (
    <Badge variant="default" size={size} tt="none">
      {what}
    </Badge>
  );
}
