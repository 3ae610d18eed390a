import { Alert, Button, Code, Group, Stack, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconAlertTriangle, IconKey, IconPackage, IconUserCheck } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, federationQuery, federationsQuery, type SiteKit, type SiteLink, type SiteRecord, unwrap } from "@/api";
import { ConfirmModal } from "@/components/ConfirmModal";
import { notifyDone, notifyError } from "@/components/notify";
import { useNow } from "@/components/useNow";
import { clockTime, formatAgo, formatDateTime } from "@/lib/format";
import { saveText } from "@/lib/save";
import { ownPolicySentences, policyLine } from "@/lib/sites";

/** How a real site joined, or what is to be done so that it does. */
export function SiteJoining({ site }: { site: SiteRecord }) {
  const link = site.link;
  return (
    <Stack gap="sm" align="flex-start" data-testid="joining">
      <State site={site} link={link} />
      {link?.status === "pending" || link?.status === "stopped" ? <Decide site={site} link={link} /> : null}
      <Group gap="sm">
        <MakeKit site={site} first={link === null} />
        {link?.status === "joined" && <Revoke site={site} action="Revoke the credential" />}
      </Group>
    </Stack>
  );
}

function State({ site, link }: { site: SiteRecord; link: SiteLink | null }) {
  const now = useNow();
  if (link === null) {
    return (
      <Text size="sm">
        Nobody was invited yet. The kit is one file; with it {site.name} makes a key of its own and asks to join.
      </Text>
    );
  }
  switch (link.status) {
    case "invited":
      return <Text size="sm">A kit was made. Its code is good once, until {until(link.invitation_expires_at)}.</Text>;
    case "pending":
      return (
        <Text size="sm">
          {site.name} asked to join {formatAgo(link.asked_at, now)}, from {link.hardware} with version {link.version}.
          {link.is_served && " Its present credential works on until you accept this one."}
        </Text>
      );
    case "joined":
      return (
        <Stack gap={2}>
          <Text size="sm">
            {site.name} joined {formatAgo(link.accepted_at, now)}, accepted by {link.accepted_by}. Its agent was last
            heard {formatAgo(link.last_seen_at, now)} and has version {link.version}.
          </Text>
          {link.pause && (
            <Text size="sm" data-testid="pause">
              Runs wait there{link.pause.until ? ` until ${clockTime(Date.parse(link.pause.until), now)}` : ""}, because
              its policy {policyLine(link.pause)}.
            </Text>
          )}
          {link.own_policy && (
            <Text size="sm" data-testid="own-policy">
              By its own policy: {ownPolicySentences(link.own_policy).join(" ")}
            </Text>
          )}
          {link.invitation_expires_at && (
            <Text size="sm">Another kit was made; its code is good until {until(link.invitation_expires_at)}.</Text>
          )}
          <Text size="xs" c="dimmed" style={{ overflowWrap: "anywhere" }}>
            Key {link.fingerprint}
          </Text>
        </Stack>
      );
    case "stopped":
      return (
        <Alert color="red" icon={<IconAlertTriangle aria-hidden />} py="xs" title="In use twice">
          The credential is used from two places, or its folder was restored from a backup. Both wait. Ask the site,
          then let it work again, or revoke it and send a new kit.
        </Alert>
      );
    case "revoked":
      return <Text size="sm">The credential has ended: {link.reason}. With a new kit the site can join again.</Text>;
  }
}

function Decide({ site, link }: { site: SiteRecord; link: SiteLink }) {
  const [asking, modal] = useDisclosure(false);
  const change = useLinkChange(site);
  const pending = link.status === "pending";
  const accept = () =>
    change.mutate(
      () =>
        unwrap(
          api.acceptSite({ path: { site_id: site.id }, body: { fingerprint: link.fingerprint ?? "" } }),
        ) as Promise<unknown>,
      {
        onSuccess: () => {
          modal.close();
          notifyDone(pending ? `${site.name} is accepted.` : `${site.name} works again.`);
        },
        onError: (error) => notifyError("Not accepted", error),
      },
    );
  return (
    <>
      {pending && (
        <Stack gap={4}>
          <Text size="sm">Ask the site by telephone to read its six words. They must be these:</Text>
          <Code block fz="md" data-testid="phrase">
            {link.phrase}
          </Code>
        </Stack>
      )}
      <Group gap="sm">
        <Button leftSection={<IconUserCheck size={16} aria-hidden />} onClick={modal.open}>
          {pending ? "Accept site…" : "Let it work again…"}
        </Button>
        <Revoke site={site} action={pending ? "Refuse" : "Revoke the credential"} />
      </Group>
      <ConfirmModal
        opened={asking}
        onClose={modal.close}
        title={pending ? `Does ${site.name} read the same six words?` : `Let ${site.name} work again?`}
        action={pending ? "They are the same: accept" : "Let it work again"}
        onConfirm={accept}
        busy={change.isPending}
        harmless
      >
        {pending ? (
          <>
            <Code block fz="md">
              {link.phrase}
            </Code>
            If one word differs, somebody stands between you and the site: refuse it, and send a new kit another way.
          </>
        ) : (
          "Do so only when the site has found the second copy and removed it, or has restored its folder from a backup."
        )}
      </ConfirmModal>
    </>
  );
}

function Revoke({ site, action }: { site: SiteRecord; action: string }) {
  const [asking, modal] = useDisclosure(false);
  const change = useLinkChange(site);
  const revoke = () =>
    change.mutate(() => unwrap(api.revokeSite({ path: { site_id: site.id }, body: {} })) as Promise<unknown>, {
      onSuccess: () => {
        modal.close();
        notifyDone(`The credential of ${site.name} has ended.`);
      },
      onError: (error) => notifyError("Not revoked", error),
    });
  return (
    <>
      <Button variant="light" color="red" leftSection={<IconKey size={16} aria-hidden />} onClick={modal.open}>
        {action}…
      </Button>
      <ConfirmModal
        opened={asking}
        onClose={modal.close}
        title={`${action}?`}
        action={action}
        onConfirm={revoke}
        busy={change.isPending}
      >
        From now on every request of {site.name} is refused. Runs go on without it where enough sites are left. To join
        again it needs a new kit.
      </ConfirmModal>
    </>
  );
}

function MakeKit({ site, first }: { site: SiteRecord; first: boolean }) {
  const [kit, setKit] = useState<SiteKit | null>(null);
  const change = useLinkChange(site);
  const make = () =>
    change.mutate(
      async () => {
        const made = await unwrap<SiteKit>(api.inviteSite({ path: { site_id: site.id } }));
        saveText(JSON.stringify(made, null, 2), `${made.slug}.fedsm-kit.json`, "application/json");
        setKit(made);
      },
      { onError: (error) => notifyError("No kit was made", error) },
    );
  return (
    <Stack gap="sm" align="flex-start">
      <Button
        variant={first ? "filled" : "default"}
        leftSection={<IconPackage size={16} aria-hidden />}
        loading={change.isPending}
        onClick={make}
      >
        {first ? "Make the kit" : "Make a new kit"}
      </Button>
      {kit && (
        <Alert color="teal" title="The kit is saved on your machine" py="xs" data-testid="kit">
          <Text size="sm">
            Send it to the site. Its code is good once, until {until(kit.expires_at)}. There, with FedSM Studio
            installed:
          </Text>
          <Code block mt="xs">
            {`fedsm site check ${kit.slug}.fedsm-kit.json\nfedsm site join ${kit.slug}.fedsm-kit.json\nfedsm site up`}
          </Code>
        </Alert>
      )}
    </Stack>
  );
}

/** Does something about the site's credential, and fetches again what shows it. */
function useLinkChange(site: SiteRecord) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (change: () => Promise<unknown>) => change(),
    onSettled: async () => {
      await client.invalidateQueries({ queryKey: federationQuery(site.federation_id).queryKey });
      await client.invalidateQueries({ queryKey: federationsQuery.queryKey });
    },
  });
}

function until(time: string | null): string {
  return time === null ? "" : formatDateTime(time);
}
