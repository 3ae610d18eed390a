/** Mantine's looks with the router's typed addresses. */

import { Anchor, type AnchorProps, Button, type ButtonProps, Card, type CardProps } from "@mantine/core";
import { createLink } from "@tanstack/react-router";
import { type AnchorHTMLAttributes, forwardRef, type ReactNode } from "react";

type Native<Props> = Omit<AnchorHTMLAttributes<HTMLAnchorElement>, keyof Props>;

export const LinkButton = createLink(
  forwardRef<HTMLAnchorElement, ButtonProps & Native<ButtonProps>>((props, ref) => (
    <Button component="a" ref={ref} {...props} />
  )),
);

export const TextLink = createLink(
  forwardRef<HTMLAnchorElement, AnchorProps & Native<AnchorProps>>((props, ref) => <Anchor ref={ref} {...props} />),
);

export const LinkCard = createLink(
  forwardRef<HTMLAnchorElement, CardProps & Native<CardProps>>((props, ref) => (
    <Card component="a" ref={ref} {...props} />
  )),
);

/** A file of the backend's, saved under the name that it gives, or under this one. */
export function DownloadButton(props: ButtonProps & { href: string; download?: string; children: ReactNode }) {
  return <Button component="a" download {...props} />;
}
