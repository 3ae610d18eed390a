import { ActionIcon, Stack, Text, Tooltip } from "@mantine/core";
import { IconRuler2, IconZoomIn, IconZoomOut, IconZoomReset } from "@tabler/icons-react";
import { useState } from "react";
import { useShortcuts } from "@/components/useShortcuts";
import type { CaseView, Direction } from "./viewer";

const ZOOM_STEP = 1.25;
const DIRECTIONS: Readonly<Record<string, Direction>> = {
  "shift+ArrowLeft": "left",
  "shift+ArrowRight": "right",
  "shift+ArrowUp": "up",
  "shift+ArrowDown": "down",
};

interface Props {
  view: CaseView | undefined;
  turns: boolean;
  /** Of the image's spacing, in which lengths are said. */
  unit: "mm" | "px" | null;
}

/** Zooms, moves and turns a view by button and by key. Of linked views, the first has the keys and the others follow. */
export function ViewControls({ view, turns, unit }: Props) {
  const [measures, setMeasures] = useState(false);
  const measure = () => {
    view?.measure(!measures, unit);
    setMeasures(!measures);
  };
  useShortcuts(
    "view",
    {
      zoom: (key) => view?.zoom(key === "+" ? ZOOM_STEP : 1 / ZOOM_STEP),
      move: (key) => DIRECTIONS[key] && view?.move(DIRECTIONS[key]),
      all: () => view?.resetView(),
      measure: () => !turns && measure(),
    },
    view !== undefined,
  );
  const buttons = [
    { label: "Zoom in", hint: "Zoom in (+)", icon: IconZoomIn, press: () => view?.zoom(ZOOM_STEP) },
    { label: "Zoom out", hint: "Zoom out (-)", icon: IconZoomOut, press: () => view?.zoom(1 / ZOOM_STEP) },
    {
      label: turns ? "Reset zoom and turn" : "Reset zoom and position",
      hint: "Show all of it again (0)",
      icon: IconZoomReset,
      press: () => view?.resetView(),
    },
  ];
  return (
    <Stack gap={4} pos="absolute" top={10} right={10}>
      {buttons.map(({ label, hint, icon: Icon, press }) => (
        <Tooltip key={label} label={hint} position="left">
          <ActionIcon variant="filled" color="dark" onClick={press} aria-label={label}>
            <Icon size={18} aria-hidden />
          </ActionIcon>
        </Tooltip>
      ))}
      {!turns && (
        <Tooltip
          label={
            measures
              ? "Remove the lines (M)"
              : `Measure: drag from one point to another${unit ? `, in ${unit}` : ""} (M)`
          }
          position="left"
        >
          <ActionIcon
            variant="filled"
            color={measures ? undefined : "dark"}
            onClick={measure}
            aria-label="Measure"
            aria-pressed={measures}
          >
            <IconRuler2 size={18} aria-hidden />
          </ActionIcon>
        </Tooltip>
      )}
      {measures && unit !== "mm" && (
        // The line itself has its number alone: an image without spacing has no millimetres.
        <Text size="xs" c="white" ta="center" data-testid="ruler-unit" style={{ textShadow: "0 0 3px #000" }}>
          in px
        </Text>
      )}
    </Stack>
  );
}
