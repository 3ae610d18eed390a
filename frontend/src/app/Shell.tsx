import {
  ActionIcon,
  AppShell,
  Badge,
  Button,
  Center,
  Container,
  Group,
  Loader,
  Menu,
  Text,
  Tooltip,
  UnstyledButton,
  useComputedColorScheme,
  useMantineColorScheme,
} from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import {
  IconBell,
  IconBellOff,
  IconBuilding,
  IconChevronDown,
  IconDatabase,
  IconDeviceMobile,
  IconDevices,
  IconKey,
  IconKeyboard,
  IconLock,
  IconLogout,
  IconMail,
  IconMoon,
  IconSearch,
  IconSun,
} from "@tabler/icons-react";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, Outlet, useLocation } from "@tanstack/react-router";
import { Suspense, useEffect, useState } from "react";
import {
  ApiError,
  api,
  type Connection,
  followEvents,
  type SessionRecord,
  sessionQuery,
  systemQuery,
  unwrap,
  watchNetwork,
} from "@/api";
import { Allowed } from "@/components/Allowed";
import { ErrorPanel } from "@/components/Feedback";
import { TextLink } from "@/components/links";
import { notifyError } from "@/components/notify";
import { useMaySomewhere } from "@/components/useMay";
import { useListedShortcuts, useShortcuts } from "@/components/useShortcuts";
import { isReportPath } from "@/features/report/reports";
import { EmailsModal } from "@/features/session/EmailsModal";
import { JOIN_PATH, RETURN_PATH } from "@/features/session/join";
import { PasswordModal } from "@/features/session/PasswordModal";
import { signInWaysQuery } from "@/features/session/queries";
import { SecondFactorFirst } from "@/features/session/SecondFactorFirst";
import { SecondFactorModal } from "@/features/session/SecondFactorModal";
import { SignIn } from "@/features/session/SignIn";
import { SingleSignOnModal } from "@/features/session/SingleSignOnModal";
import { useTokenFromUrl } from "@/features/session/useTokenFromUrl";
import { DiskAlerts } from "@/features/storage/DiskAlerts";
import { ConnectionLine } from "./ConnectionLine";
import { lazyEverywhere } from "./lazyPage";
import { setNotices, tellOfRun, wantsNotices } from "./runNotifications";
import classes from "./Shell.module.css";

const Palette = lazyEverywhere(() => import("./Palette"));
const ShortcutsOverlay = lazyEverywhere(() => import("@/components/ShortcutsOverlay"));

const CONTENT = "content";

/** The frame of every screen but a shared report and an invitation, whose readers have no account. */
export function Shell() {
  const pathname = useLocation({ select: (location) => location.pathname });
  return isReportPath(pathname) || pathname === JOIN_PATH || pathname === RETURN_PATH ? <Outlet /> : <SignInFirst />;
}

/** Shows the sign-in while there is no session. */
function SignInFirst() {
  const token = useTokenFromUrl();
  const session = useQuery({ ...sessionQuery, enabled: token.done });
  if (token.done && session.data?.lacks_second_factor) return <SecondFactorFirst />;
  if (token.done && session.data) return <SignedInShell session={session.data} />;
  const signedOut = session.error instanceof ApiError && session.error.status === 401;
  if (token.done && signedOut) return <SignIn problem={token.problem} />;
  if (token.done && session.error) {
    return (
      <Container size="xs" pt={120}>
        <ErrorPanel
          title="The backend cannot be reached"
          error={session.error}
          onRetry={() => void session.refetch()}
        />
      </Container>
    );
  }
  return (
    <>
      <div className="beginning">
        <img src="/favicon.svg" width={28} height={28} alt="" />
        FedSM Studio
      </div>
      <Center h="100vh">
        <Loader role="status" aria-label="Signing in" />
      </Center>
    </>
  );
}

function SignedInShell({ session }: { session: SessionRecord }) {
  const [newestEvent] = useState(session.last_event_id);
  const client = useQueryClient();
  const [connection, setConnection] = useState<Connection>("connecting");
  const follows = useMaySomewhere("follow");
  const managesMembers = useMaySomewhere("manage_members");
  useEffect(() => {
    if (!follows) return watchNetwork(client, setConnection);
    return followEvents(client, newestEvent, setConnection, (event) => void tellOfRun(event, client));
  }, [client, follows, newestEvent]);
  return (
    <AppShell header={{ height: 56 }} padding="lg">
      <a href={`#${CONTENT}`} className={classes.skip}>
        Skip to the content
      </a>
      <AppShell.Header>
        <Group h="100%" px="lg" justify="space-between">
          <UnstyledButton component={Link} to="/" aria-label="FedSM Studio, all federations">
            <Group gap={10}>
              <img src="/favicon.svg" width={28} height={28} alt="" />
              <Text fw={650}>FedSM Studio</Text>
            </Group>
          </UnstyledButton>
          <Group gap="sm">
            {follows && <WorkerStatus />}
            <SchemeSwitch />
            <Shortcuts />
            {managesMembers && (
              <TextLink to="/users" size="sm" c="dimmed">
                Users
              </TextLink>
            )}
            {follows && (
              <TextLink to="/activity" search={{}} size="sm" c="dimmed">
                Activity
              </TextLink>
            )}
            <TextLink to="/help" search={{}} size="sm" c="dimmed">
              Help
            </TextLink>
            <UserMenu user={session.user} />
          </Group>
        </Group>
      </AppShell.Header>
      <AppShell.Main id={CONTENT} tabIndex={-1} className={classes.content}>
        <Container size={1440} px={0}>
          <ConnectionLine connection={connection} />
          {follows && <DiskAlerts />}
          <Outlet />
        </Container>
      </AppShell.Main>
    </AppShell>
  );
}

function WorkerStatus() {
  const { data } = useQuery(systemQuery);
  if (!data) return null;
  const online = data.workers.filter((worker) => worker.online);
  const healthy = data.broker_connected && online.length > 0;
  const label = !data.broker_connected
    ? "Queue unreachable"
    : `${online.length} ${online.length === 1 ? "worker" : "workers"} online`;
  const hint = !data.broker_connected
    ? "Tasks cannot be sent. Check that Valkey or Redis runs at REDIS_URL."
    : online.length === 0
      ? "Nothing trains until a worker runs. Start one with: fedsm worker"
      : online.map((worker) => `${worker.name}: ${worker.hardware}`).join("; ");
  return (
    <Tooltip label={hint} multiline maw={360}>
      <Badge color={healthy ? "teal" : "orange"} variant="dot" tabIndex={0}>
        {label}
      </Badge>
    </Tooltip>
  );
}

function SchemeSwitch() {
  const { setColorScheme } = useMantineColorScheme();
  const scheme = useComputedColorScheme("light");
  const next = scheme === "dark" ? "light" : "dark";
  return (
    <Tooltip label={`Switch to ${next} colours`}>
      <ActionIcon
        variant="subtle"
        color="gray"
        onClick={() => setColorScheme(next)}
        aria-label={`Switch to ${next} colours`}
      >
        {scheme === "dark" ? <IconSun size={18} /> : <IconMoon size={18} />}
      </ActionIcon>
    </Tooltip>
  );
}

/** The list of keys and the palette are fetched when they are first asked for. */
function Shortcuts() {
  const [opened, setOpened] = useState<boolean>();
  const [asked, setAsked] = useState(0);
  useShortcuts("everywhere", { help: () => setOpened(!opened), palette: () => setAsked(asked + 1) });
  useListedShortcuts("dialogs");
  return (
    <>
      <Tooltip label="Go to a page, an experiment or a section of the help (Ctrl+K)">
        <ActionIcon variant="subtle" color="gray" onClick={() => setAsked(asked + 1)} aria-label="Go to">
          <IconSearch size={20} />
        </ActionIcon>
      </Tooltip>
      {asked > 0 && (
        <Suspense>
          <Palette asked={asked} />
        </Suspense>
      )}
      <Tooltip label="Keyboard shortcuts (?)">
        <ActionIcon variant="subtle" color="gray" onClick={() => setOpened(true)} aria-label="Keyboard shortcuts">
          <IconKeyboard size={20} />
        </ActionIcon>
      </Tooltip>
      {opened !== undefined && (
        <Suspense>
          <ShortcutsOverlay opened={opened} onClose={() => setOpened(false)} />
        </Suspense>
      )}
    </>
  );
}

function UserMenu({ user }: { user: string }) {
  const client = useQueryClient();
  const [opened, password] = useDisclosure(false);
  const [protecting, protection] = useDisclosure(false);
  const [connecting, connection] = useDisclosure(false);
  const [choosing, emails] = useDisclosure(false);
  const provider = useQuery(signInWaysQuery).data?.single_sign_on;
  const hasPassword = useQuery({ ...sessionQuery, enabled: false }).data?.user_id != null;
  const signOut = async (end: typeof api.deleteSession | typeof api.signOutEverywhere) => {
    try {
      await unwrap(end());
    } catch (error) {
      notifyError("Not signed out", error as Error);
      return;
    }
    client.clear();
    window.location.assign("/");
  };
  return (
    <>
      <PasswordModal opened={opened} onClose={password.close} />
      <EmailsModal opened={choosing} onClose={emails.close} />
      <SecondFactorModal opened={protecting} onClose={protection.close} />
      {provider && <SingleSignOnModal name={provider} opened={connecting} onClose={connection.close} />}
      <Menu position="bottom-end" width={220}>
        <Menu.Target>
          <Button
            variant="subtle"
            color="gray"
            size="compact-sm"
            rightSection={<IconChevronDown size={14} aria-hidden />}
          >
            {user}
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item component={Link} to="/tokens" leftSection={<IconKey size={16} aria-hidden />}>
            Access tokens
          </Menu.Item>
          {hasPassword && (
            <Menu.Item leftSection={<IconLock size={16} aria-hidden />} onClick={password.open}>
              Change password…
            </Menu.Item>
          )}
          {hasPassword && (
            <Menu.Item leftSection={<IconDeviceMobile size={16} aria-hidden />} onClick={protection.open}>
              Second factor…
            </Menu.Item>
          )}
          {hasPassword && provider && (
            <Menu.Item leftSection={<IconBuilding size={16} aria-hidden />} onClick={connection.open}>
              Sign-in with {provider}…
            </Menu.Item>
          )}
          <Allowed permission="operate">
            <Menu.Item component={Link} to="/storage" leftSection={<IconDatabase size={16} aria-hidden />}>
              Storage
            </Menu.Item>
          </Allowed>
          <NoticesItem />
          {hasPassword && (
            <Menu.Item leftSection={<IconMail size={16} aria-hidden />} onClick={emails.open}>
              E-mails when runs end…
            </Menu.Item>
          )}
          <Menu.Divider />
          <Menu.Item leftSection={<IconLogout size={16} aria-hidden />} onClick={() => void signOut(api.deleteSession)}>
            Sign out
          </Menu.Item>
          <Menu.Item
            leftSection={<IconDevices size={16} aria-hidden />}
            onClick={() => void signOut(api.signOutEverywhere)}
          >
            Sign out everywhere
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
    </>
  );
}

/** Switches the browser's notifications of runs that end. */
function NoticesItem() {
  const [wanted, setWanted] = useState(wantsNotices);
  const change = async () => {
    try {
      await setNotices(!wanted);
      setWanted(!wanted);
    } catch (error) {
      notifyError("No notifications", error as Error);
    }
  };
  return (
    <Menu.Item
      leftSection={wanted ? <IconBell size={16} aria-hidden /> : <IconBellOff size={16} aria-hidden />}
      onClick={() => void change()}
    >
      {wanted ? "Stop telling when runs end" : "Tell when runs end"}
    </Menu.Item>
  );
}
