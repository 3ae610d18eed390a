import { Text } from "@mantine/core";
import type { ReactNode } from "react";
import { permissions } from "@/api/tables.json";
import { type Permission, useMay, useMayInExperiment, useMaySomewhere } from "./useMay";

interface Props {
  permission: Permission;
  /** Left out: everywhere. */
  federationId?: string;
  siteId?: string;
  /** What is left out, as a sentence's beginning: "Experiments are started by". Left out: nothing is said. */
  who?: string;
  children: ReactNode;
}

/** What the caller may do; else who can, or nothing. */
export function Allowed({ permission, federationId, siteId, who, children }: Props) {
  const allowed = useMay(permission, federationId, siteId);
  return allowed ? children : <Who permission={permission} words={who} />;
}

/** The same for what some site of the federation is enough for; without a federation, for any. */
export function AllowedSomewhere({ permission, federationId, who, children }: Omit<Props, "siteId">) {
  const allowed = useMaySomewhere(permission, federationId);
  return allowed ? children : <Who permission={permission} words={who} />;
}

/** The same where only the experiment is known. */
export function AllowedInExperiment(props: Pick<Props, "permission" | "who" | "children"> & { experimentId: string }) {
  const allowed = useMayInExperiment(props.permission, props.experimentId);
  return allowed ? props.children : <Who permission={props.permission} words={props.who} />;
}

function Who({ permission, words }: { permission: Permission; words?: string }) {
  if (words === undefined) return null;
  return (
    <Text size="sm" c="dimmed" data-testid="who-may">
      {words} {permissions[permission].holders}.
    </Text>
  );
}
