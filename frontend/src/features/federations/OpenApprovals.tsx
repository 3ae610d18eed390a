import { Alert, Stack, Text } from "@mantine/core";
import { IconSignature } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { TextLink } from "@/components/links";
import { approvalSentence, askedRuns, byDecision, WHERE_HOSPITALS_DECIDE } from "@/lib/approvals";
import { plural } from "@/lib/format";
import { openApprovalsQuery } from "./queries";

/** Maximum number of lines; more would push the sites down. */
const MAX_SHOWN = 5;

/** What runs under way still ask of hospitals, and what these refused. They decide on their own machines. */
export function OpenApprovals({ federationId }: { federationId: string }) {
  const { data: approvals = [] } = useQuery(openApprovalsQuery(federationId));
  if (approvals.length === 0) return null;
  const groups = byDecision(approvals);
  const more = groups.length - MAX_SHOWN;
  return (
    <Alert
      color="yellow"
      icon={<IconSignature aria-hidden />}
      title={`${plural(groups.length, "approval")} of hospitals missing`}
    >
      <Stack gap={4} data-testid="open-approvals">
        {groups.slice(0, MAX_SHOWN).map((group) => (
          <Text key={group.first.id} size="sm">
            <TextLink
              size="sm"
              to="/experiments/$experimentId"
              params={{ experimentId: group.first.experiment_id }}
              search={{ run: group.first.run_id }}
            >
              {askedRuns(group)}
            </TextLink>
            : {approvalSentence(group.first)}
          </Text>
        ))}
        {more > 0 && <Text size="sm">And {more} more.</Text>}
        <Text size="sm">{WHERE_HOSPITALS_DECIDE}</Text>
      </Stack>
    </Alert>
  );
}
