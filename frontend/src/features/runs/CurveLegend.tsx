import { Button, Group, UnstyledButton } from "@mantine/core";
import type { FederationRecord } from "@/api";
import { SiteMark } from "@/components/SiteMark";
import { shortName } from "@/lib/names";
import classes from "./Curves.module.css";
import { participantName, participantPosition } from "./participants";

interface Props {
  sites: string[];
  hidden: string[];
  federation: FederationRecord;
  onChange: (hidden: string[]) => void;
}

/** With more names than this, there is a way to choose all or none at once. */
const MANY = 3;

/** A click shows or hides a site in every chart; with Alt held, it shows that site alone. */
export function CurveLegend({ sites, hidden, federation, onChange }: Props) {
  const toggle = (site: string, alone: boolean) => {
    if (alone) onChange(sites.filter((other) => other !== site));
    else onChange(hidden.includes(site) ? hidden.filter((other) => other !== site) : [...hidden, site]);
  };
  return (
    <Group gap={4} className={classes.legend}>
      {sites.map((site) => (
        <UnstyledButton
          key={site}
          className={classes.entry}
          aria-pressed={!hidden.includes(site)}
          title={`${participantName(site, federation)}: show or hide; with Alt held, show this site alone`}
          onClick={(event) => toggle(site, event.altKey)}
        >
          <SiteMark
            position={participantPosition(site, federation)}
            name={shortName(participantName(site, federation), 26)}
            size="xs"
          />
        </UnstyledButton>
      ))}
      {sites.length > MANY && (
        <Button size="compact-xs" variant="subtle" onClick={() => onChange(hidden.length > 0 ? [] : sites)}>
          {hidden.length > 0 ? "Show all" : "Hide all"}
        </Button>
      )}
    </Group>
  );
}
