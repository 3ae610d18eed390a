import { ActionIcon, Group, Menu, SegmentedControl, Tooltip } from "@mantine/core";
import { IconCamera, IconLayoutGrid, IconMaximize } from "@tabler/icons-react";
import type { PictureFormat } from "@/components/viewer/snapshot";
import { PANE_COUNTS, type Pane, paneText, presets } from "./paneList";

interface Props {
  panes: readonly Pane[];
  choices: readonly string[];
  onCount: (count: number) => void;
  onPanes: (panes: readonly Pane[]) => void;
  onFullscreen: () => void;
  onPicture: (format: PictureFormat) => void;
}

/** How many views there are, of what, and what can be done with all of them. */
export function LayoutControls(props: Props) {
  const { panes, choices } = props;
  const same = (other: readonly Pane[]) => other.map(paneText).join() === panes.map(paneText).join();
  return (
    <Group gap={6} wrap="nowrap">
      <SegmentedControl
        size="xs"
        aria-label="Number of views"
        value={String(panes.length)}
        onChange={(count) => props.onCount(Number(count))}
        data={PANE_COUNTS.map((count) => ({ value: String(count), label: String(count) }))}
      />
      <Menu position="bottom-end">
        <Menu.Target>
          <Tooltip label="What is compared">
            <ActionIcon variant="default" size="lg" aria-label="What is compared">
              <IconLayoutGrid size={18} aria-hidden />
            </ActionIcon>
          </Tooltip>
        </Menu.Target>
        <Menu.Dropdown>
          {presets(choices).map((preset) => (
            <Menu.Item
              key={preset.label}
              aria-current={same(preset.panes) || undefined}
              fw={same(preset.panes) ? 600 : undefined}
              onClick={() => props.onPanes(preset.panes)}
            >
              {preset.label}
            </Menu.Item>
          ))}
        </Menu.Dropdown>
      </Menu>
      <Tooltip label="Full screen (F)">
        <ActionIcon variant="default" size="lg" onClick={props.onFullscreen} aria-label="Full screen">
          <IconMaximize size={18} aria-hidden />
        </ActionIcon>
      </Tooltip>
      <Menu position="bottom-end">
        <Menu.Target>
          <Tooltip label="Save as a picture (P)">
            <ActionIcon variant="default" size="lg" aria-label="Save as a picture">
              <IconCamera size={18} aria-hidden />
            </ActionIcon>
          </Tooltip>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item onClick={() => props.onPicture("png")}>PNG</Menu.Item>
          <Menu.Item onClick={() => props.onPicture("svg")}>SVG: its words stay text</Menu.Item>
        </Menu.Dropdown>
      </Menu>
    </Group>
  );
}
