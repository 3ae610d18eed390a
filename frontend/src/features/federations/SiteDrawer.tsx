import { Alert, Badge, Button, Divider, Drawer, Group, Stack, Text, Title } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconArchive, IconArchiveOff, IconPlugConnectedX } from "@tabler/icons-react";
import type { ReactNode } from "react";
import type { FederationRecord, SiteRecord } from "@/api";
import { Allowed } from "@/components/Allowed";
import { ConfirmModal } from "@/components/ConfirmModal";
import { TextLink } from "@/components/links";
import { notifyDone, notifyError } from "@/components/notify";
import { SiteMark } from "@/components/SiteMark";
import { StateBadge } from "@/components/StateBadge";
import { useNow } from "@/components/useNow";
import { formatAgo } from "@/lib/format";
import { kindInWords } from "@/lib/sites";
import { SentBefore } from "./SentBefore";
import { SiteActivity } from "./SiteActivity";
import { SiteDatasets } from "./SiteDatasets";
import { SiteDetails } from "./SiteDetails";
import { SiteJoining } from "./SiteJoining";
import { SitePolicyForm } from "./SitePolicyForm";
import { SiteTasks } from "./SiteTasks";
import { SiteWorkers } from "./SiteWorkers";
import { useSiteChange } from "./useSiteChange";

interface Props {
  federation: FederationRecord;
  site: SiteRecord | undefined;
  onClose: () => void;
}

/** Everything about one site; closed where there is none. */
export function SiteDrawer({ federation, site, onClose }: Props) {
  return (
    <Drawer
      opened={site !== undefined}
      onClose={onClose}
      position="right"
      size={600}
      title={site && <SiteMark position={site.position} name={site.name} size="md" />}
      styles={{ title: { minWidth: 0, fontWeight: 600 } }}
      closeButtonProps={{ "aria-label": "Close the site" }}
    >
      {site && <Content key={site.id} federation={federation} site={site} />}
    </Drawer>
  );
}

function Content({ federation, site }: { federation: FederationRecord; site: SiteRecord }) {
  const now = useNow();
  return (
    <Stack gap="lg">
      <Group gap="sm">
        <StateBadge state={site.state} size="lg" />
        <Badge variant="default">{kindInWords(site)}</Badge>
        {site.last_seen_at && (
          <Text size="sm" c="dimmed">
            Last seen {formatAgo(site.last_seen_at, now)}
          </Text>
        )}
      </Group>
      {site.unserved && site.link === null && (
        <Alert color="yellow" icon={<IconPlugConnectedX aria-hidden />} py="xs" data-testid="unserved">
          {site.unserved}
        </Alert>
      )}
      {site.archived_at !== null && (
        <Alert color="gray" icon={<IconArchive aria-hidden />} py="xs">
          Archived {formatAgo(site.archived_at, now)}: left out of new experiments and of statistics.
        </Alert>
      )}
      <SiteTasks site={site} />
      <SiteDetails site={site} />
      <Divider />
      {site.kind === "real" && (
        <>
          <Section title="Joining">
            <SiteJoining site={site} />
          </Section>
          <Divider />
        </>
      )}
      <Section title="Policy">
        <SitePolicyForm site={site} />
        <Allowed permission="follow" federationId={federation.id}>
          <SentBefore site={site} />
          <TextLink size="sm" to="/sites/$siteId/departures" params={{ siteId: site.id }}>
            What left this site, when and to whom
          </TextLink>
        </Allowed>
      </Section>
      <Divider />
      <Allowed permission="follow" federationId={federation.id}>
        <Section title="Data sets">
          <SiteDatasets federation={federation} site={site} />
        </Section>
        <Section title="Workers">
          <SiteWorkers site={site} />
        </Section>
        <Section title="Lately">
          <SiteActivity site={site} />
        </Section>
        <Divider />
      </Allowed>
      <Allowed permission="manage_sites" federationId={federation.id} siteId={site.id}>
        <Archive site={site} />
      </Allowed>
    </Stack>
  );
}

function Section({ title, children }: { title: string; children: ReactNode }) {
  return (
    <Stack gap="xs">
      <Title order={3} size="h5">
        {title}
      </Title>
      {children}
    </Stack>
  );
}

function Archive({ site }: { site: SiteRecord }) {
  const [asking, modal] = useDisclosure(false);
  const change = useSiteChange(site);
  const archived = site.archived_at !== null;
  const set = (next: boolean) =>
    change.mutate(
      { archived: next },
      {
        onSuccess: () => {
          modal.close();
          notifyDone(next ? `${site.name} is archived.` : `${site.name} takes part again.`);
        },
        onError: (error) => notifyError(next ? "Not archived" : "Not restored", error),
      },
    );
  return (
    <Group>
      {archived ? (
        <Button
          variant="default"
          leftSection={<IconArchiveOff size={16} aria-hidden />}
          loading={change.isPending}
          onClick={() => set(false)}
        >
          Restore site
        </Button>
      ) : (
        <Button variant="default" leftSection={<IconArchive size={16} aria-hidden />} onClick={modal.open}>
          Archive site…
        </Button>
      )}
      <ConfirmModal
        opened={asking}
        onClose={modal.close}
        title={`Archive ${site.name}?`}
        action="Archive site"
        onConfirm={() => set(true)}
        busy={change.isPending}
        harmless
      >
        New experiments and dry runs leave it out, and so do statistics and the search for leakage. Runs that were
        started go on with it, and results that it is part of stay as they are. Nothing is deleted, and it can be
        restored here.
      </ConfirmModal>
    </Group>
  );
}
