import { Alert, Badge, Button, Card, Group, Image, SimpleGrid, Stack, Text } from "@mantine/core";
import { IconCheck, IconPhotoOff, IconUsers, IconX } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import {
  type AlikeRecord,
  alikeQuery,
  api,
  casesQuery,
  datasetQuery,
  leakageQuery,
  statisticsQuery,
  unwrap,
} from "@/api";
import { EmptyState, Loaded, RowsSkeleton } from "@/components/Feedback";
import { notifyError } from "@/components/notify";
import { AllowedSomewhere } from "./Allowed";
import { alikeSentence, decisionText, scopeText } from "./alike";
import { TextLink } from "./links";

interface Props {
  federationId: string;
  /** When left out, all pairs of the federation are shown. */
  datasetId?: string;
}

/** Pairs of cases that are possibly one patient's, to be confirmed or dismissed. */
export function AlikePairs({ federationId, datasetId }: Props) {
  const report = useQuery(alikeQuery(federationId, datasetId));
  return (
    <Loaded query={report} skeleton={<RowsSkeleton rows={2} />}>
      {(found) =>
        found.num_pairs === 0 ? (
          <EmptyState icon={IconUsers} title="No two cases are far more alike than others">
            {found.is_complete
              ? "A data set of fewer than 20 cases does not show how alike others are, and what was not found may be of one patient all the same."
              : "There are too many cases to compare all data sets at once: open a data set to see its pairs."}
          </EmptyState>
        ) : (
          <Stack gap="sm" data-testid="alike">
            <Text size="sm" c="dimmed">
              {alikeSentence(found)}
            </Text>
            {!found.is_complete && (
              <Alert color="gray" py="xs">
                There are too many cases to compare all data sets at once: open a data set to see its pairs.
              </Alert>
            )}
            {found.pairs.map((pair) => (
              <Pair key={`${pair.cases[0].case_id} ${pair.cases[1].case_id}`} pair={pair} federationId={federationId} />
            ))}
            {found.pairs.length < found.num_pairs && (
              <Text size="xs" c="dimmed">
                The first {found.pairs.length} of {found.num_pairs} pairs are listed.
              </Text>
            )}
          </Stack>
        )
      }
    </Loaded>
  );
}

function Pair({ pair, federationId }: { pair: AlikeRecord; federationId: string }) {
  const client = useQueryClient();
  const [first, second] = pair.cases;
  const decide = useMutation({
    mutationFn: (decision: NonNullable<AlikeRecord["decision"]>) =>
      unwrap(api.decideAlike({ body: { first_case_id: first.case_id, second_case_id: second.case_id, decision } })),
    onSuccess: async () => {
      const changed = [first.dataset_id, second.dataset_id].flatMap((id) => [
        datasetQuery(id).queryKey,
        casesQuery(id).queryKey,
      ]);
      const keys = [["federation", federationId, "alike"], ...changed];
      const reports = [leakageQuery(federationId).queryKey, statisticsQuery(federationId).queryKey];
      await Promise.all([...keys, ...reports].map((queryKey) => client.invalidateQueries({ queryKey })));
    },
    onError: (error) => notifyError("Not decided", error),
  });
  return (
    <Card withBorder padding="sm">
      <Group align="flex-start" gap="md">
        <SimpleGrid cols={2} spacing="sm" w={{ base: "100%", sm: 340 }}>
          {pair.cases.map((row) => (
            <Stack key={row.case_id} gap={4}>
              {row.thumbnail_url ? (
                <Image src={row.thumbnail_url} alt={`Case ${row.name}`} h={150} fit="contain" radius="sm" />
              ) : (
                <Stack h={150} align="center" justify="center" c="dimmed" gap={4}>
                  <IconPhotoOff aria-hidden />
                  <Text size="xs">No picture may leave</Text>
                </Stack>
              )}
              <TextLink
                size="sm"
                to="/datasets/$datasetId"
                params={{ datasetId: row.dataset_id }}
                search={{ find: row.name }}
              >
                {row.name}
              </TextLink>
              <Text size="xs" c="dimmed">
                {row.site_name}, {row.dataset_name}, {row.split}
              </Text>
            </Stack>
          ))}
        </SimpleGrid>
        <Stack gap="xs" flex={1} miw={220}>
          <Group gap="xs">
            <Badge color={pair.decision ? "gray" : "yellow"} miw="max-content">
              {pair.decision ? "decided" : "possibly the same patient"}
            </Badge>
            <Text size="sm">{pair.bits} of 256 bits differ</Text>
          </Group>
          <Text size="sm">{pair.decision ? decisionText(pair) : scopeText(pair.scope)}</Text>
          <AllowedSomewhere permission="manage_data" federationId={federationId} who="It is decided by">
            <Group gap="xs">
              <Button
                size="xs"
                variant={pair.decision === "same_patient" ? "filled" : "default"}
                leftSection={<IconCheck size={16} aria-hidden />}
                loading={decide.isPending && decide.variables === "same_patient"}
                disabled={pair.decision === "same_patient"}
                onClick={() => decide.mutate("same_patient")}
                aria-label={`${first.name} and ${second.name}: same patient`}
              >
                Same patient
              </Button>
              <Button
                size="xs"
                variant={pair.decision === "different_patients" ? "filled" : "default"}
                leftSection={<IconX size={16} aria-hidden />}
                loading={decide.isPending && decide.variables === "different_patients"}
                disabled={pair.decision === "different_patients"}
                onClick={() => decide.mutate("different_patients")}
                aria-label={`${first.name} and ${second.name}: different patients`}
              >
                Different patients
              </Button>
            </Group>
          </AllowedSomewhere>
        </Stack>
      </Group>
    </Card>
  );
}
