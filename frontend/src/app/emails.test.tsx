import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import { expect, it } from "vitest";
import { openApp, Refusal } from "@/testing/openApp";
import { signedInAs } from "@/testing/records";

const SIGNED_IN = { ...signedInAs("administrator"), user: "jo", user_id: "u1" };

async function open() {
  fireEvent.click(await screen.findByRole("button", { name: "jo" }));
  fireEvent.click(await screen.findByRole("menuitem", { name: /^E-mails when runs end/ }));
  return await screen.findByRole("dialog");
}

it("sends e-mails where a person chooses, and keeps what was typed when it is refused", async () => {
  let answer: object = new Refusal(422, {
    error: "invalid_input",
    detail: "address",
    fields: [{ field: "address", value: "jo@", message: "is no address", remedy: "give one" }],
  });
  const { bodies } = openApp("/tokens", {
    "GET /session": SIGNED_IN,
    "GET /tokens": [],
    "GET /session/emails": { is_offered: true, address: null, wanted: false },
    "PUT /session/emails": () => answer,
  });
  const dialog = await open();
  const address = await within(dialog).findByLabelText(/^Address/);
  fireEvent.click(within(dialog).getByRole("switch"));
  fireEvent.change(address, { target: { value: "jo@clinic" } });
  fireEvent.click(within(dialog).getByRole("button", { name: "Save" }));
  expect(await within(dialog).findByText(/is no address/i)).toBeInTheDocument();
  expect(address).toHaveValue("jo@clinic");
  answer = { is_offered: true, address: "jo@clinic.example", wanted: true };
  fireEvent.change(address, { target: { value: "jo@clinic.example" } });
  fireEvent.click(within(dialog).getByRole("button", { name: "Save" }));
  expect(await screen.findByText(/^An e-mail goes to jo@clinic.example/)).toBeInTheDocument();
  await waitFor(() => expect(bodies("PUT /session/emails")).toHaveLength(2));
  expect(bodies("PUT /session/emails")[1]).toEqual({ address: "jo@clinic.example", wanted: true });
});

it("says who sets it up where there is no mail server", async () => {
  openApp("/tokens", {
    "GET /session": SIGNED_IN,
    "GET /tokens": [],
    "GET /session/emails": { is_offered: false, address: null, wanted: false },
  });
  const dialog = await open();
  expect(await within(dialog).findByText(/its operator has named no mail server/)).toBeInTheDocument();
  expect(within(dialog).getByRole("link", { name: /How the operator sets it up/ })).toHaveAttribute(
    "href",
    "/help/notices",
  );
});
