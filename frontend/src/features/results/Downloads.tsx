import { Button, Menu, Text } from "@mantine/core";
import { IconChevronDown, IconCopy, IconDownload } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { api, type ExperimentRecord, type ScoreQuery, unwrap } from "@/api";
import { notifyDone, notifyError } from "@/components/notify";
import type { Baseline } from "@/lib/comparison";
import { type Download, downloadsOf } from "./downloadLinks";
import type { Sort } from "./results";

interface Props {
  experiment: ExperimentRecord;
  query: ScoreQuery;
  baseline: Baseline | null;
  sort: Sort | null;
}

/** Plain links: they can be copied into a script. */
export function Downloads({ experiment, query, baseline, sort }: Props) {
  const copy = useCopiedLatex({ experiment, query, baseline, sort });
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
        <Menu.Item leftSection={<IconCopy size={16} aria-hidden />} onClick={() => copy.mutate()}>
          Copy this table as LaTeX
        </Menu.Item>
        <Menu.Divider />
        {downloadsOf(experiment.id, query, baseline, sort).map((download) => (
          <Item key={download.href} {...download} />
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}

function useCopiedLatex({ experiment, query, baseline, sort }: Props) {
  return useMutation({
    mutationFn: async () => {
      const text = await unwrap<string>(
        api.downloadResultsLatex({
          path: { experiment_id: experiment.id },
          query: {
            ...query,
            baseline: baseline?.label,
            model: baseline?.model,
            sort: sort?.column,
            order: sort?.first,
          },
          parseAs: "text",
        }),
      );
      await navigator.clipboard.writeText(text);
    },
    onSuccess: () => notifyDone("The LaTeX table is on the clipboard."),
    onError: (error) => notifyError("Not copied: download the file instead", error),
  });
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
