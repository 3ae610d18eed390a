import { siteColour, siteLineType } from "@/lib/palette";
import { Isolated } from "./Isolated";
import { LongName } from "./LongName";
import classes from "./SiteMark.module.css";

/** A site's name behind its colour, the same everywhere; rings from the ninth site on, when colours come again. Plain
 * elements: a page shows dozens of them. */
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
  const isAgain = siteLineType(position) !== "solid";
  return (
    <div className={classes.mark}>
      <span
        className={classes.colour}
        data-again={isAgain || undefined}
        style={{ background: siteColour(position) }}
        aria-hidden
      >
        {isAgain && <span className={classes.again} />}
      </span>
      <span className={classes.name} data-size={size}>
        {wrap ? <Isolated>{name}</Isolated> : <LongName name={name} />}
      </span>
    </div>
  );
}
