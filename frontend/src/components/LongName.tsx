import { splitName } from "@/lib/names";
import classes from "./LongName.module.css";

/** A name on one line, cut before its last words where room is short: departments of one hospital end otherwise. */
export function LongName({ name }: { name: string }) {
  const [head, tail] = splitName(name);
  if (tail === "") return <bdi className={classes.head}>{head}</bdi>;
  return (
    <bdi className={classes.name} title={name}>
      <span className={classes.head}>{head}</span>
      <span className={classes.tail}>{tail}</span>
    </bdi>
  );
}
