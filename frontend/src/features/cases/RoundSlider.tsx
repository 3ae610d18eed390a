import { ActionIcon, Card, Group, Text, Tooltip, UnstyledButton } from "@mantine/core";
import { useInterval } from "@mantine/hooks";
import { IconPlayerPause, IconPlayerPlay } from "@tabler/icons-react";
import { useEffect, useState } from "react";
import type { PastRound } from "@/api";
import { formatDice } from "@/lib/format";
import { diceAt } from "./caseRounds";
import classes from "./RoundSlider.module.css";

const STEP_MS = 900;
/** So that a picture above it keeps its size when the rounds have come. */
export const ROUND_SLIDER_HEIGHT = 44;

interface Props {
  rounds: readonly PastRound[];
  best: number;
  round: number;
  model: string;
  structure: string | null;
  onRound: (round: number) => void;
}

/** How the prediction of a case grew: a bar a round, as high as its Dice, that shows the round's masks. */
export function RoundSlider({ rounds, best, round, model, structure, onRound }: Props) {
  const [playing, setPlaying] = useState(false);
  const at = rounds.findIndex((past) => past.round === round);
  const last = rounds.length - 1;
  const timer = useInterval(() => {
    const next = rounds[at + 1];
    if (next) onRound(next.round);
    if (at + 1 >= last) setPlaying(false);
  }, STEP_MS);
  useEffect(() => {
    if (playing) timer.start();
    else timer.stop();
    return timer.stop;
  }, [playing, timer.start, timer.stop]);
  const play = () => {
    const first = rounds[0];
    if (!playing && at >= last && first) onRound(first.round);
    setPlaying(!playing);
  };
  const shown = rounds[at];
  return (
    <Card withBorder padding={6} px="xs" mih={ROUND_SLIDER_HEIGHT}>
      <Group gap="sm" wrap="nowrap">
        <Tooltip label={playing ? "Pause" : "Play the rounds"}>
          <ActionIcon variant="default" size="md" onClick={play} aria-label={playing ? "Pause" : "Play the rounds"}>
            {playing ? <IconPlayerPause size={16} aria-hidden /> : <IconPlayerPlay size={16} aria-hidden />}
          </ActionIcon>
        </Tooltip>
        <Text size="xs" miw={150} data-testid="round">
          Round {round} of {rounds[last]?.round} (best {best}), Dice{" "}
          {shown ? formatDice(diceAt(shown, model, structure)) : "–"}
        </Text>
        <fieldset className={classes.bars} aria-label="Rounds">
          {rounds.map((past) => {
            const dice = diceAt(past, model, structure);
            const words = `Round ${past.round}${past.round === best ? ", the best" : ""}, Dice ${formatDice(dice)}`;
            return (
              <Tooltip key={past.round} label={words}>
                <UnstyledButton
                  className={classes.bar}
                  aria-label={words}
                  aria-pressed={past.round === round}
                  onClick={() => {
                    setPlaying(false);
                    onRound(past.round);
                  }}
                >
                  <span style={{ height: `${Math.max(4, 100 * (dice ?? 0))}%` }} />
                </UnstyledButton>
              </Tooltip>
            );
          })}
        </fieldset>
      </Group>
    </Card>
  );
}
