import { Group, Select } from "@mantine/core";
import { modelName } from "@/lib/words";
import { hasModel, PANE_KINDS, type Pane, type PaneKind, paneWords } from "./paneList";

interface Props {
  pane: Pane;
  choices: readonly string[];
  onChange: (pane: Pane) => void;
}

const CHOSEN = "";

/** What a pane shows, and of which model. */
export function PaneHead({ pane, choices, onChange }: Props) {
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
          allowDeselect={false}
          value={pane.model ?? CHOSEN}
          onChange={(model) => onChange({ ...pane, model: model || null })}
          data={[
            { value: CHOSEN, label: "Chosen model" },
            ...choices.map((choice) => ({ value: choice, label: modelName(choice) })),
          ]}
        />
      )}
    </Group>
  );
}
