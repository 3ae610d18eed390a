import { Alert, Stack, Text } from "@mantine/core";
import { IconSignature } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { TextLink } from "@/components/links";
import { approvalSentence } from "@/lib/approvals";
import { plural } from "@/lib/format";
import { openApprovalsQuery } from "./queries";

/** Maximum number of lines; more would push the sites down. */
const MAX_SHOWN = 5;

/** What runs under way still ask of hospitals, and what these refused. They decide on their own machines. */
export function OpenApprovals({ federationId }: { federationId: string }) {
  const { data: approvals = [] } = useQuery(openApprovalsQuery(federationId));
  if (approvals.length === 0) return null;
  const more = approvals.length - MAX_SHOWN;
  return (
    <Alert
      color="yellow"
      icon={<IconSignature aria-hidden />}
      title={`${plural(approvals.length, "approval")} of hospitals missing`}
    >
      <Stack gap={4} data-testid="open-approvals">
        {approvals.slice(0, MAX_SHOWN).map((approval) => (
          <Text key={approval.id} size="sm">
            <TextLink
              size="sm"
              to="/experiments/$experimentId"
              params={{ experimentId: approval.experiment_id }}
              search={{ run: approval.run_id }}
            >
              {approval.run} of {approval.experiment}
            </TextLink>
            : {approvalSentence(approval)}
          </Text>
        ))}
        {more > 0 && <Text size="sm">And {more} more.</Text>}
        <Text size="sm" c="dimmed">
          A hospital's manager decides on the hospital's own machine: fedsm site approvals.
        </Text>
      </Stack>
    </Alert>
  );
}
