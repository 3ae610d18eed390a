import { MantineProvider } from "@mantine/core";
import { render, screen } from "@testing-library/react";
import { expect, test } from "vitest";
import { SiteMark } from "./SiteMark";

const ARABIC = "مستشفى العيون 3";

test.each([true, false])("a site's name is isolated from the words around it", (wrap) => {
  render(
    <MantineProvider>
      <SiteMark position={0} name={ARABIC} wrap={wrap} />
    </MantineProvider>,
  );
  const marked = [...document.querySelectorAll("bdi")].map((node) => node.textContent).join("");
  expect(marked).toBe(ARABIC);
  expect(screen.queryByText("undefined")).toBeNull();
});
