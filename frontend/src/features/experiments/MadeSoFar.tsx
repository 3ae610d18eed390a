import { Alert, Text } from "@mantine/core";
import type { FederationRecord } from "@/api";
import { TextLink } from "@/components/links";
import { plural } from "@/lib/format";
import type { Progress } from "./createAll";

/** What there is of a sweep that could not be created as a whole. */
export function MadeSoFar({ federation, progress }: { federation: FederationRecord; progress: Progress }) {
  const { numWanted, numMade, numStarted, numOthers } = progress;
  if (numMade + numOthers === 0) return null;
  return (
    <Alert color="yellow" role="status" title={madeWords(progress)}>
      {numMade > 0 && (
        <Text size="sm">
          {numStarted > 0 && `${numStarted} of them ${numStarted === 1 ? "is" : "are"} started already. `}
          {numMade < numWanted
            ? "Creating once more makes the others only."
            : "Creating once more makes none of them again."}
        </Text>
      )}
      {numMade > 0 && numOthers > 0 && (
        <Text size="sm">{otherWords(plural(numOthers, "more experiment"), numOthers)}.</Text>
      )}
      <TextLink
        size="sm"
        to="/federations/$federationId"
        params={{ federationId: federation.id }}
        search={{ tab: "experiments" }}
        target="_blank"
      >
        See the experiments
      </TextLink>
    </Alert>
  );
}

function madeWords({ numWanted, numMade, numOthers }: Progress): string {
  if (numMade > 0) return `${numMade} of ${plural(numWanted, "experiment")} ${numMade === 1 ? "is" : "are"} created`;
  return otherWords(plural(numOthers, "experiment"), numOthers);
}

function otherWords(experiments: string, count: number): string {
  return `${experiments} ${count === 1 ? "is" : "are"} created of this draft as it was before its last change`;
}
