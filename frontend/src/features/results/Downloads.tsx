import { Button, Menu, Text } from "@mantine/core";
import { IconChevronDown, IconDownload } from "@tabler/icons-react";
import type { ExperimentRecord, ScoreQuery } from "@/api";
import type { Baseline } from "@/lib/comparison";
import { type Download, downloadsOf } from "@/lib/downloads";

interface Props {
  experiment: ExperimentRecord;
  query: ScoreQuery;
  baseline: Baseline | null;
}

/** Plain links: they can be copied into a script. */
export function Downloads({ experiment, query, baseline }: Props) {
  return (
    <Menu position="bottom-end" width={330} shadow="md">
      <Menu.Target>
        <Button
          variant="default"
          size="xs"
          leftSection={<IconDownload size={14} aria-hidden />}
          rightSection={<IconChevronDown size={14} aria-hidden />}
        >
          Download
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {downloadsOf(experiment.id, query, baseline).map((download) => (
          <Item key={download.href} {...download} />
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}

function Item({ title, contents, href }: Download) {
  return (
    <Menu.Item component="a" href={href} download>
      <Text size="sm">{title}</Text>
      <Text size="xs" c="dimmed">
        {contents}
      </Text>
    </Menu.Item>
  );
}
