import { fireEvent, screen, waitFor } from "@testing-library/react";
import { expect, it } from "vitest";
import { openApp, Refusal } from "@/testing/openApp";
import { signedInAs } from "@/testing/records";

const SIGNED_OUT = new Refusal(401, { error: "not_signed_in", detail: "sign in first" });
const OFFER = {
  name: null,
  role: "reader",
  federation: "Eyes",
  sites: [],
  created_by: "admin",
  expires_at: "2099-01-01T00:00:00Z",
};

it("asks for the token, says why it is wrong, and shows the page once it is right", async () => {
  const { bodies } = openApp("/tokens", {
    "GET /session": SIGNED_OUT,
    "GET /tokens": [],
    "POST /session": ({ body }) =>
      (body as { token: string }).token === "right"
        ? signedInAs("administrator")
        : new Refusal(401, { error: "wrong_token", detail: "This is not the administrator's token." }),
  });
  const field = await screen.findByLabelText(/^Token/);
  fireEvent.change(field, { target: { value: "wrong" } });
  fireEvent.click(screen.getByRole("button", { name: "Sign in" }));
  expect(await screen.findByText("This is not the administrator's token.")).toBeInTheDocument();
  fireEvent.change(field, { target: { value: " right " } });
  fireEvent.click(screen.getByRole("button", { name: "Sign in" }));
  expect(await screen.findByRole("heading", { name: "Access tokens" })).toBeInTheDocument();
  expect(bodies("POST /session")).toEqual([{ token: "wrong" }, { token: "right" }]);
});

it("asks for the code of a second factor only where the account has one", async () => {
  const { bodies } = openApp("/tokens", {
    "GET /session": SIGNED_OUT,
    "GET /tokens": [],
    "POST /session": ({ body }) =>
      (body as { code: string | null }).code === null
        ? new Refusal(401, { error: "second_factor_needed", detail: "give the code of your app" })
        : signedInAs("reader"),
  });
  fireEvent.click(await screen.findByText("Name and password"));
  expect(screen.queryByLabelText(/code/i)).toBeNull();
  fireEvent.change(screen.getByRole("textbox", { name: "Name" }), { target: { value: "mira" } });
  fireEvent.change(screen.getByLabelText("Password *"), { target: { value: "correct horse" } });
  fireEvent.click(screen.getByRole("button", { name: "Sign in" }));
  fireEvent.change(await screen.findByLabelText(/code/i), { target: { value: "123456" } });
  fireEvent.click(screen.getByRole("button", { name: "Sign in" }));
  await screen.findByRole("heading", { name: "Access tokens" });
  expect(bodies("POST /session").at(-1)).toEqual({ name: "mira", password: "correct horse", code: "123456" });
});

it("says that the backend is away instead of asking for a password", async () => {
  const { sent } = openApp("/tokens", { "GET /session": new Refusal(500, { error: "internal", detail: "it broke" }) });
  expect(await screen.findByText("The backend cannot be reached")).toBeInTheDocument();
  expect(sent.some(({ what }) => what === "POST /session")).toBe(false);
});

it("takes an invitation only with the same password twice, and names the field that the backend refuses", async () => {
  const { bodies } = openApp("/join#one-time-code", {
    "POST /invitations/look": OFFER,
    "POST /invitations/accept": new Refusal(422, {
      error: "invalid",
      detail: "name: taken",
      fields: [{ field: "name", value: "mira", message: "is taken", remedy: "choose another" }],
    }),
  });
  expect(await screen.findByText("reader")).toBeInTheDocument();
  fireEvent.change(screen.getByLabelText(/^Name/), { target: { value: "mira" } });
  const [password, again] = screen.getAllByLabelText(/^Password/) as [HTMLElement, HTMLElement];
  fireEvent.change(password, { target: { value: "a long password" } });
  fireEvent.change(again, { target: { value: "another password" } });
  fireEvent.click(screen.getByRole("button", { name: "Accept" }));
  expect(await screen.findByText("The two passwords differ.")).toBeInTheDocument();
  expect(bodies("POST /invitations/accept")).toEqual([]);
  fireEvent.change(again, { target: { value: "a long password" } });
  fireEvent.click(screen.getByRole("button", { name: "Accept" }));
  expect(await screen.findByText(/is taken/i)).toBeInTheDocument();
  expect(bodies("POST /invitations/accept")).toEqual([
    { invitation_code: "one-time-code", name: "mira", password: "a long password", code: null },
  ]);
});

it("says that half a link is not whole, without asking the backend", async () => {
  const { sent } = openApp("/join", {});
  expect(await screen.findByText(/The link is not whole/)).toBeInTheDocument();
  await waitFor(() => expect(sent.filter(({ what }) => what.startsWith("POST"))).toEqual([]));
});
