import type { ReactNode } from "react";

/** What somebody wrote, within our own words: a name written from right to left turns nothing but itself. */
export function Isolated({ children }: { children: ReactNode }) {
  return <bdi>{children}</bdi>;
}
