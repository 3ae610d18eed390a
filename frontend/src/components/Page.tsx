import { Breadcrumbs, Group, Stack, Text, Title } from "@mantine/core";
import { useDocumentTitle } from "@mantine/hooks";
import type { ReactNode } from "react";
import type { Crumb } from "./crumbs";
import { HelpLink } from "./HelpLink";
import { Isolated } from "./Isolated";
import { TextLink } from "./links";

interface PageProps {
  title: string;
  /** What the browser's tab says, if not the title. */
  documentTitle?: string;
  subtitle?: ReactNode;
  crumbs?: Crumb[];
  badge?: ReactNode;
  actions?: ReactNode;
  /** Takes the whole width of a large screen. */
  wide?: boolean;
  /** The document of the help that explains the page, as of `HelpLink`. */
  help?: string;
  children: ReactNode;
}

export function Page(props: PageProps) {
  useDocumentTitle(`${props.documentTitle ?? props.title} · FedSM Studio`);
  return (
    <Stack gap="lg" data-wide={props.wide}>
      <Stack gap={4}>
        {props.crumbs && (
          <Breadcrumbs separatorMargin={6} fz="sm">
            {props.crumbs.map((crumb) => (
              <TextLink key={crumb.label} {...crumb.link} size="sm" c="dimmed">
                <Isolated>{crumb.label}</Isolated>
              </TextLink>
            ))}
          </Breadcrumbs>
        )}
        <Group justify="space-between" align="flex-start" wrap="nowrap">
          <Group gap="sm">
            <Title order={1} size="h2">
              <Isolated>{props.title}</Isolated>
            </Title>
            {props.badge}
          </Group>
          <Group gap="xs" wrap="nowrap">
            {props.help && <HelpLink to={props.help} />}
            {props.actions}
          </Group>
        </Group>
        {props.subtitle && (
          <Text c="dimmed" maw={900} component="div">
            {props.subtitle}
          </Text>
        )}
      </Stack>
      {props.children}
    </Stack>
  );
}
