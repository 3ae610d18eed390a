import { Anchor, Button, Collapse, Group, List, Stack, Text } from "@mantine/core";
import { IconCheck } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useId, useState } from "react";
import type { PresetRecord } from "@/api";
import { DocumentLink } from "@/components/HelpText";
import { fieldName } from "@/lib/fieldNames";
import { settingText } from "@/lib/schema";
import type { ExperimentForm } from "./formValues";
import { Notice } from "./Notice";
import { isSet, type Replaced, replacedBy, withoutPreset, withPreset } from "./presets";
import { methodPresetsQuery } from "./queries";

interface Props {
  federationId: string;
  form: ExperimentForm;
  /** Of the method among those of the form. */
  index: number;
}

/** FedSM as in the paper, or as validation prefers it where the sites' data and the rounds allow it: in one click, and back in one. */
export function MethodPresets({ federationId, form, index }: Props) {
  const { schedule, sweep, held_out_sites } = form.values;
  const rounds = sweep?.["schedule.rounds"] ? null : schedule?.rounds;
  const presets = useQuery(methodPresetsQuery(federationId, held_out_sites, rounds));
  const [done, setDone] = useState<{ preset: PresetRecord; replaced: Replaced } | null>(null);
  const [opened, setOpened] = useState(false);
  const why = useId();
  if (presets.error) {
    return (
      <Text size="sm" c="dimmed">
        The paper's and the recommended settings could not be loaded.{" "}
        <Anchor component="button" type="button" size="sm" onClick={() => void presets.refetch()}>
          Try again
        </Anchor>
      </Text>
    );
  }
  const choose = (preset: PresetRecord) => {
    const replaced = replacedBy(preset, form.values, index);
    if (replaced.words.length === 0) return;
    form.setValues(withPreset(preset, form.values, index));
    setDone({ preset, replaced });
  };
  const undo = (replaced: Replaced) => {
    form.setValues(withoutPreset(replaced, form.values, index));
    setDone(null);
  };
  const all = presets.data ?? [];
  const leftOut = all.flatMap((preset) => preset.left_out);
  const reasons = [...new Set(leftOut.map(({ reason }) => reason))];
  return (
    <Stack gap="xs" mih={36}>
      <Group gap="xs" role="group" aria-label="Settings that are set together">
        {all.map((preset) => {
          const set = isSet(preset, form.values, index);
          return (
            <Button
              key={preset.name}
              size="compact-sm"
              variant={set ? "filled" : "light"}
              aria-pressed={set}
              leftSection={set ? <IconCheck size={14} aria-hidden /> : undefined}
              onClick={() => choose(preset)}
            >
              {preset.title}
            </Button>
          );
        })}
        {all.length > 0 && (
          <Anchor
            component="button"
            type="button"
            size="sm"
            mih={24}
            aria-expanded={opened}
            aria-controls={why}
            onClick={() => setOpened(!opened)}
          >
            {opened ? "Hide why" : "Why"}
          </Anchor>
        )}
      </Group>
      {reasons.map((shared) => (
        <Text key={shared} size="xs" c="dimmed">
          Not recommended here:{" "}
          {leftOut
            .filter(({ reason }) => reason === shared)
            .map(({ field, value }) => `${fieldName(field)} ${settingText(value)}`)
            .join(", ")}
          . {shared}
        </Text>
      ))}
      {done && isSet(done.preset, form.values, index) && (
        <Notice
          notice={{
            text: `${done.preset.title}. ${done.replaced.words.join("; ")}.`,
            remedy: { label: "Undo", act: () => undo(done.replaced) },
          }}
          onClose={() => setDone(null)}
        />
      )}
      <Collapse expanded={opened} id={why}>
        <Stack gap="sm">
          {all.map((preset) => (
            <Reasons key={preset.name} preset={preset} />
          ))}
        </Stack>
      </Collapse>
    </Stack>
  );
}

function Reasons({ preset }: { preset: PresetRecord }) {
  return (
    <div>
      <Text size="sm">
        <b>{preset.title}.</b> {preset.description} <DocumentLink path={preset.evidence} />
      </Text>
      <List size="sm">
        {preset.settings.map(({ field, value, reason }) => (
          <List.Item key={field}>
            {fieldName(field)} <b>{settingText(value)}</b>: {reason}
          </List.Item>
        ))}
      </List>
    </div>
  );
}
