import { Anchor, type MantineSpacing, Stack, Text } from "@mantine/core";
import { type ReactNode, useEffect, useRef, useState } from "react";
import { headingIds } from "./headingIds";
import classes from "./OnThisPage.module.css";

interface Mark {
  id: string;
  words: string;
}

/** With fewer, the page is short enough. */
const LEAST = 3;

/**
 * Jump marks above a long page, one for each heading of the second level in it. They are read from the page, because
 * its parts come as their data does.
 */
export function OnThisPage({ gap = "sm", children }: { gap?: MantineSpacing; children: ReactNode }) {
  const content = useRef<HTMLDivElement>(null);
  const marks = useMarks(content);
  return (
    <Stack ref={content} gap={gap}>
      {marks.length >= LEAST && (
        <nav aria-label="On this page" className={classes.marks}>
          <Text size="xs" c="dimmed" span>
            On this page:
          </Text>
          {marks.map(({ id, words }) => (
            <Anchor key={id} size="xs" component="button" type="button" onClick={() => jumpTo(id)}>
              {words}
            </Anchor>
          ))}
        </nav>
      )}
      {children}
    </Stack>
  );
}

function useMarks(content: React.RefObject<HTMLElement | null>): readonly Mark[] {
  const [marks, setMarks] = useState<readonly Mark[]>([]);
  useEffect(() => {
    const element = content.current;
    if (!element) return;
    const read = () => {
      const headings = [...element.querySelectorAll<HTMLElement>("h2")];
      const words = headings.map((heading) => heading.textContent?.trim() ?? "");
      const ids = headingIds(words);
      headings.forEach((heading, index) => {
        heading.id ||= ids[index] ?? "";
      });
      const found = headings.map(({ id }, index) => ({ id, words: words[index] ?? "" }));
      // A state that says the same would draw the page again, which is seen as another change.
      setMarks((known) => (JSON.stringify(known) === JSON.stringify(found) ? known : found));
    };
    read();
    const observer = new MutationObserver(read);
    observer.observe(element, { childList: true, subtree: true, characterData: true });
    return () => observer.disconnect();
  }, [content]);
  return marks;
}

/** The focus goes along, so that the Tab key goes on from there. */
function jumpTo(id: string) {
  const heading = document.getElementById(id);
  if (!heading) return;
  heading.tabIndex = -1;
  heading.focus({ preventScroll: true });
  heading.scrollIntoView({ block: "start" });
}
