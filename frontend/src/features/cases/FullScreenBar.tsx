import { ColorSwatch, Group, Text } from "@mantine/core";
import type { ScoredCase } from "@/api";
import { formatScore } from "@/lib/metrics";
import { structureColour } from "@/lib/palette";
import classes from "./Panes.module.css";
import type { Look } from "./paneLayers";

interface Props {
  scored: ScoredCase;
  /** Whose scores are said. */
  model: string;
  words: readonly string[];
  /** Of the case in the list. */
  place: string;
  look: Look;
  nameOf: (choice: string) => string;
}

/** What stands around the picture otherwise, and is not on a full screen: it is shown there alone. */
export function FullScreenBar({ scored, model, words, place, look, nameOf }: Props) {
  return (
    <div className={classes.fullScreenBar} data-testid="full-screen-bar">
      <Text fw={600} c="white">
        {words.join(" · ")}
      </Text>
      <Text c="white">{nameOf(model)}</Text>
      {look.structures.map((name, index) => (
        <Group key={name} gap={6} wrap="nowrap">
          <ColorSwatch size={12} radius="sm" color={structureColour(index)} aria-hidden />
          <Text c="white">
            {name}: Dice {formatScore(scored.scores[model]?.[name]?.dice, "dice")}
          </Text>
        </Group>
      ))}
      {scored.unlike && (
        <Text c="yellow.3" size="sm">
          {scored.unlike}
        </Text>
      )}
      <Text c="white" ml="auto">
        {place} · J next, K previous, F back
      </Text>
    </div>
  );
}
