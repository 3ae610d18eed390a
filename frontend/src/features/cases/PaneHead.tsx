import { Group, Select } from "@mantine/core";
import type { ModelGroup } from "@/lib/otherRuns";
import { modelName } from "@/lib/words";
import { hasModel, PANE_KINDS, type Pane, type PaneKind, paneWords } from "./paneList";

interface Props {
  pane: Pane;
  choices: readonly string[];
  /** Models of other runs. */
  groups: readonly ModelGroup[];
  onChange: (pane: Pane) => void;
}

const CHOSEN = "";

/** What a pane shows, and of which model. */
export function PaneHead({ pane, choices, groups, onChange }: Props) {
  return (
    <Group gap={6} wrap="nowrap">
      <Select
        size="xs"
        flex={1}
        aria-label="What the view shows"
        allowDeselect={false}
        value={pane.kind}
        onChange={(kind) => onChange({ kind: kind as PaneKind, model: pane.model })}
        data={PANE_KINDS.map((kind) => ({ value: kind, label: paneWords(kind) }))}
      />
      {hasModel(pane.kind) && (
        <Select
          size="xs"
          flex={1}
          aria-label="Model of the view"
          title={pane.model ? modelName(pane.model) : undefined}
          searchable
          comboboxProps={{ width: 280, position: "bottom-start" }}
          allowDeselect={false}
          value={pane.model ?? CHOSEN}
          onChange={(model) => onChange({ ...pane, model: model || null })}
          data={[
            {
              group: "This run",
              items: [
                { value: CHOSEN, label: "Chosen model" },
                ...choices.map((choice) => ({ value: choice, label: modelName(choice) })),
              ],
            },
            ...groups,
          ]}
        />
      )}
    </Group>
  );
}
