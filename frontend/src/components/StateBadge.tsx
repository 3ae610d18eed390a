import { Badge, type MantineColor } from "@mantine/core";
import {
  IconAlertTriangle,
  IconBolt,
  IconCircleCheck,
  IconCircleDashed,
  IconCircleX,
  IconClock,
  IconEye,
  IconFlask,
  IconPlayerPause,
  IconPlayerPlay,
  IconPlugConnectedX,
  IconSearch,
  type TablerIcon,
} from "@tabler/icons-react";

interface Look {
  label: string;
  colour: MantineColor;
  icon: TablerIcon;
}

/** Every state of sites, data sets and runs: word, colour and icon together, so that none depends on colour alone. */
const LOOKS: Record<string, Look> = {
  online: { label: "Online", colour: "teal", icon: IconCircleCheck },
  busy: { label: "Busy", colour: "blue", icon: IconBolt },
  offline: { label: "Offline", colour: "gray", icon: IconPlugConnectedX },
  checking: { label: "Checking", colour: "blue", icon: IconSearch },
  review: { label: "To look at", colour: "yellow", icon: IconEye },
  ready: { label: "Ready", colour: "teal", icon: IconCircleCheck },
  created: { label: "Not started", colour: "gray", icon: IconCircleDashed },
  queued: { label: "Queued", colour: "gray", icon: IconClock },
  running: { label: "Running", colour: "blue", icon: IconPlayerPlay },
  paused: { label: "Paused", colour: "yellow", icon: IconPlayerPause },
  evaluating: { label: "Evaluating", colour: "blue", icon: IconFlask },
  completed: { label: "Completed", colour: "teal", icon: IconCircleCheck },
  failed: { label: "Failed", colour: "red", icon: IconAlertTriangle },
  cancelled: { label: "Cancelled", colour: "gray", icon: IconCircleX },
};

const UNKNOWN: Look = { label: "Unknown", colour: "gray", icon: IconCircleDashed };

export function StateBadge({ state, size = "md" }: { state: string; size?: "sm" | "md" | "lg" }) {
  const look = LOOKS[state] ?? { ...UNKNOWN, label: state };
  const Icon = look.icon;
  return (
    <Badge
      style={{ verticalAlign: "middle" }}
      color={look.colour}
      size={size}
      leftSection={<Icon size={14} aria-hidden />}
      data-state={state}
    >
      {look.label}
    </Badge>
  );
}
