import { Alert, Button, Card, Group, Skeleton, Stack, Text, ThemeIcon, Title } from "@mantine/core";
import { IconAlertTriangle, IconRefresh, type TablerIcon } from "@tabler/icons-react";
import type { UseQueryResult } from "@tanstack/react-query";
import { type ReactNode, useDeferredValue } from "react";
import { ApiError, isPart } from "@/api";
import { asSentence } from "@/lib/format";
import { LinkButton } from "./links";

/** What is empty, why, and the next step. */
export function EmptyState(props: { icon: TablerIcon; title: string; children: ReactNode; action?: ReactNode }) {
  const Icon = props.icon;
  return (
    <Card withBorder padding="xl">
      <Stack align="center" gap="sm" py="lg">
        <ThemeIcon variant="light" size={56} radius="xl">
          <Icon size={30} stroke={1.5} aria-hidden />
        </ThemeIcon>
        <Title order={3} size="h4">
          {props.title}
        </Title>
        <Text c="dimmed" maw={520} ta="center">
          {props.children}
        </Text>
        {props.action}
      </Stack>
    </Card>
  );
}

/** What went wrong, what to do, and the number under which the backend's log knows it. */
export function ErrorPanel({ error, onRetry, title }: { error: Error; onRetry?: () => void; title?: string }) {
  const id = error instanceof ApiError ? error.correlationId : null;
  const missing = error instanceof ApiError && error.status === 404;
  return (
    <Alert
      color="red"
      icon={<IconAlertTriangle aria-hidden />}
      title={title ?? (missing ? "This does not exist (any more)" : "This could not be loaded")}
    >
      <Stack gap="xs" align="flex-start">
        <Text size="sm">{asSentence(error.message)}</Text>
        {id && (
          <Text size="xs" c="dimmed">
            Correlation id {id}
          </Text>
        )}
        {missing && (
          <LinkButton size="xs" variant="default" to="/">
            All federations
          </LinkButton>
        )}
        {onRetry && !missing && (
          <Button size="xs" variant="default" leftSection={<IconRefresh size={14} aria-hidden />} onClick={onRetry}>
            Try again
          </Button>
        )}
      </Stack>
    </Alert>
  );
}

/**
 * Whether data are there, said a render later than they come: what is drawn of them for the first time, which is most of a
 * page, is then drawn in steps, and what is typed or clicked meanwhile does not wait for all of it. Data that change are
 * drawn at once, so that nothing old stands next to what is new.
 */
export function useArrived(data: unknown): boolean {
  return useDeferredValue(data !== undefined);
}

/** A query on screen: a skeleton while it loads, its error with a retry, or its data; of what is gone, no copy. Above
 * data that are old or not all of them, it says so. */
export function Loaded<Data>(props: {
  query: UseQueryResult<Data, Error>;
  skeleton?: ReactNode;
  children: (data: Data) => ReactNode;
}) {
  const { query } = props;
  const arrived = useArrived(query.data);
  const gone = query.error instanceof ApiError && [404, 410].includes(query.error.status);
  if (query.data !== undefined && arrived && !gone) {
    return (
      <>
        <NotWhole query={query} />
        {props.children(query.data)}
      </>
    );
  }
  if (query.error) return <ErrorPanel error={query.error} onRetry={() => void query.refetch()} />;
  return props.skeleton ?? <PageSkeleton />;
}

/** Of data on screen: that the rest of a list is still to come, or that they could not be loaded (again). */
export function NotWhole({ query }: { query: UseQueryResult<unknown, Error> }) {
  const { data, error } = query;
  if (data === undefined) return null;
  const retry = () => void query.refetch();
  if (isPart(data)) {
    if (error) return <ErrorPanel title="The rest of the list could not be loaded" error={error} onRetry={retry} />;
    return (
      <Text size="sm" c="dimmed" role="status">
        Loading the rest of the list…
      </Text>
    );
  }
  // The top of the page says already that the backend does not answer.
  if (!error || (error instanceof ApiError && error.status === 0)) return null;
  return <ErrorPanel title="What is shown may be old: it could not be loaded again" error={error} onRetry={retry} />;
}

export function PageSkeleton() {
  return (
    <Stack aria-busy="true" aria-label="Loading">
      <Group justify="space-between">
        <Skeleton h={34} w={280} />
        <Skeleton h={34} w={140} />
      </Group>
      <RowsSkeleton />
    </Stack>
  );
}

export function RowsSkeleton({ rows = 5, height = 40 }: { rows?: number; height?: number }) {
  return (
    <Stack gap="xs">
      {Array.from({ length: rows }, (_, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: placeholders are alike
        <Skeleton key={index} h={height} />
      ))}
    </Stack>
  );
}
