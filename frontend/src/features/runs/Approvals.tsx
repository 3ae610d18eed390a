import { List, Text, Tooltip } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { approvalSentence } from "@/lib/approvals";
import { runApprovalsQuery } from "./queries";

/** What the hospitals among the run's sites decided, each with its key's signature; nothing where none was asked. */
export function Approvals({ runId }: { runId: string }) {
  const { data: approvals = [] } = useQuery(runApprovalsQuery(runId));
  const decided = approvals.filter((approval) => approval.decision !== null);
  if (decided.length === 0) return null;
  return (
    <List size="sm" listStyleType="none" data-testid="approvals" aria-label="Decisions of the hospitals">
      {decided.map((approval) => (
        <List.Item key={approval.id}>
          <Tooltip
            multiline
            maw={420}
            label={`Signed by the key ${approval.public_key}; what is fixed has the SHA-256 ${approval.terms_sha256}.`}
          >
            <Text size="sm" c={approval.decision === "refused" ? "red" : "dimmed"} span>
              {approvalSentence(approval)}
            </Text>
          </Tooltip>
        </List.Item>
      ))}
    </List>
  );
}
