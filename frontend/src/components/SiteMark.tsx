import { ColorSwatch, Group, Text } from "@mantine/core";
import { siteColour, siteLineType } from "@/lib/palette";
import { Isolated } from "./Isolated";
import { LongName } from "./LongName";
import classes from "./SiteMark.module.css";

/** A site's name behind its colour, the same everywhere; rings from the ninth site on, when colours come again. */
export function SiteMark({
  position,
  name,
  size = "sm",
  wrap = false,
}: {
  position: number;
  name: string;
  size?: "xs" | "sm" | "md";
  /** A long name takes more lines; else its middle is cut. */
  wrap?: boolean;
}) {
  return (
    <Group gap={8} wrap="nowrap" style={{ minInlineSize: 0 }}>
      <ColorSwatch
        color={siteColour(position)}
        size={12}
        radius={siteLineType(position) === "solid" ? "sm" : "xl"}
        withShadow={false}
        aria-hidden
      >
        {siteLineType(position) !== "solid" && <span className={classes.again} />}
      </ColorSwatch>
      <Text size={size} component="span" className={classes.name}>
        {wrap ? <Isolated>{name}</Isolated> : <LongName name={name} />}
      </Text>
    </Group>
  );
}
