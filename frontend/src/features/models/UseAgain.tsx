import { Button, Card, Group, Modal, Stack, Text, Title } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconAdjustments, IconBuildingPlus } from "@tabler/icons-react";
import type { FederationRecord, VersionRecord } from "@/api";
import { Allowed } from "@/components/Allowed";
import { AddSiteForm } from "./AddSite";
import { FineTuneForm } from "./FineTune";
import { whyNoSiteIsAdded } from "./registry";

interface Props {
  version: VersionRecord;
  federation: FederationRecord;
}

/** What becomes of a version: another site in its selector, or models that were fine-tuned at one site. */
export function UseAgain({ version, federation }: Props) {
  const [adding, add] = useDisclosure(false);
  const [tuning, tune] = useDisclosure(false);
  const refused = whyNoSiteIsAdded(version.facts.strategy);
  return (
    <Card withBorder data-testid="use-again">
      <Stack gap="sm">
        <Group justify="space-between">
          <Title order={2} size="h4">
            Used again
          </Title>
          <Allowed permission="register_models" federationId={federation.id}>
            <Group gap="xs">
              {refused === null && (
                <Button variant="default" onClick={add.open} leftSection={<IconBuildingPlus size={16} aria-hidden />}>
                  Add a site
                </Button>
              )}
              <Button variant="default" onClick={tune.open} leftSection={<IconAdjustments size={16} aria-hidden />}>
                Fine-tune at a site
              </Button>
            </Group>
          </Allowed>
        </Group>
        <Text size="sm" c="dimmed">
          {refused ??
            "A new site is added to the model selector in closed form: it sends sums of its images' features once. " +
              "Nothing is trained, no other site does anything, and the result is the next version."}
        </Text>
        <Text size="sm" c="dimmed">
          Fine-tuning trains the version further on the data of one site, and registers the result under a name of its
          own.
        </Text>
      </Stack>
      <Modal opened={adding} onClose={add.close} size="lg" title={`Add a site to ${version.reference}`}>
        <AddSiteForm version={version} onClose={add.close} />
      </Modal>
      <Modal opened={tuning} onClose={tune.close} size="lg" title={`Fine-tune ${version.reference} at a site`}>
        <FineTuneForm version={version} onClose={tune.close} />
      </Modal>
    </Card>
  );
}
