import { Alert, Button, Group, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconEyeOff } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, type SentRecord, type SiteRecord, unwrap } from "@/api";
import { Allowed } from "@/components/Allowed";
import { ConfirmModal } from "@/components/ConfirmModal";
import { notifyDone, notifyError } from "@/components/notify";
import { plural } from "@/lib/format";
import { sentQuery } from "./queries";

/** What left the site before its policy forbade it: hidden already, and deleted from here. */
export function SentBefore({ site }: { site: SiteRecord }) {
  const sent = useQuery(sentQuery(site.id));
  const client = useQueryClient();
  const [asking, modal] = useDisclosure(false);
  const withdraw = useMutation({
    mutationFn: () => unwrap<SentRecord>(api.withdrawSent({ path: { site_id: site.id } })),
    onSuccess: async () => {
      modal.close();
      notifyDone(`What ${site.name} had sent is deleted.`);
      await client.invalidateQueries({ queryKey: ["site", site.id] });
      await client.invalidateQueries({ queryKey: ["run"] });
    },
    onError: (error) => notifyError("Not deleted", error),
  });
  const words = sent.data ? inWords(sent.data) : "";
  if (words === "") return null;
  return (
    <Alert color="yellow" icon={<IconEyeOff aria-hidden />} title="Sent before it was forbidden" data-testid="sent">
      <Group justify="space-between" align="center">
        <Text size="sm" maw={330}>
          {words}. Nobody sees them any more, but the backend still keeps them.
        </Text>
        <Allowed permission="manage_data" federationId={site.federation_id} siteId={site.id} who="It is deleted by">
          <Button size="xs" color="red" variant="light" onClick={modal.open}>
            Delete them…
          </Button>
        </Allowed>
      </Group>
      <ConfirmModal
        opened={asking}
        onClose={modal.close}
        title={`Delete what ${site.name} had sent?`}
        action="Delete them"
        onConfirm={() => withdraw.mutate()}
        busy={withdraw.isPending}
      >
        {words} are lost for good; runs keep their scores. A thumbnail comes back when its data set is checked again, if
        the policy allows it then; images and masks of test cases come back only with a new run.
      </ConfirmModal>
    </Alert>
  );
}

function inWords(sent: SentRecord): string {
  const parts: [number, string][] = [
    [sent.num_thumbnails, "thumbnail"],
    [sent.num_images, "test case with its image"],
    [sent.num_predictions, "predicted mask"],
    [sent.num_report_pictures, "report picture"],
  ];
  return parts
    .filter(([count]) => count > 0)
    .map(([count, what]) => plural(count, what, what.replace(/^(test case)?(.*)$/, many)))
    .join(", ");
}

/** `test cases with their images`, `thumbnails`. */
function many(whole: string, testCase: string | undefined): string {
  return testCase ? "test cases with their images" : `${whole}s`;
}
