import { screen, waitFor } from "@testing-library/react";
import { expect, it } from "vitest";
import { openApp, Refusal } from "@/testing/openApp";

it("asks once for what the page shows, ahead of the page", async () => {
  const { sent } = openApp("/", { "GET /federations": [], "GET /experiment-templates": [] });
  expect(await screen.findByRole("heading", { level: 1 })).toBeInTheDocument();
  const asked = sent.map(({ what }) => what);
  expect(asked.filter((what) => what === "GET /session")).toHaveLength(1);
  expect(asked.filter((what) => what === "GET /federations")).toHaveLength(1);
});

it("asks nothing of a federation for who is not signed in", async () => {
  const { sent } = openApp("/federations/f1", {
    "GET /session": new Refusal(401, { error: "not_signed_in", detail: "sign in first" }),
  });
  await screen.findByRole("button", { name: "Sign in" });
  await waitFor(() => expect(sent.map(({ what }) => what)).toContain("GET /session"));
  expect(sent.map(({ what }) => what)).not.toContain("GET /federations/f1");
});
