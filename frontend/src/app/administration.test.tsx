import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import { expect, it } from "vitest";
import type { MemberRecord } from "@/api";
import { openApp, Refusal } from "@/testing/openApp";
import { federation, storage, token, user } from "@/testing/records";

const role = (changes: Partial<MemberRecord>): MemberRecord => ({
  federation_id: "f1",
  role: "reader",
  site_ids: [],
  given_by_group: null,
  ...changes,
});

const EVERYBODY = {
  "GET /federations": [federation({})],
  "GET /users": [
    user({ memberships: [role({ role: "reader" })], has_second_factor: true }),
    user({ id: "u2", name: "otto", is_administrator: true, num_tokens: 3, last_seen_at: "2026-01-02T11:00:00Z" }),
  ],
  "GET /second-factor-duty": { duty: "optional", at_least: "optional", set_by: null, set_at: null },
  "GET /invitations": [
    {
      id: "i1",
      label: "Dr. Weiss",
      created_at: "2026-01-02T10:00:00Z",
      created_by: "admin",
      expires_at: "2099-01-02T10:00:00Z",
      federation_id: "f1",
      role: "researcher",
      site_ids: [],
    },
  ],
};

it("lists who has which role, when they were seen, and whether a second factor is on", async () => {
  openApp("/users", EVERYBODY);
  const table = await screen.findByTestId("users");
  const rows = within(table).getAllByRole("row").slice(1);
  expect(rows.map((row) => row.textContent)).toEqual([
    expect.stringMatching(/^mira.*Eyes: reader.*Never.*On/),
    expect.stringMatching(/^otto.*Administrator.*3Off/),
  ]);
});

it("says by which group of the provider a role is, and what to do with one that it still gives", async () => {
  const both = [role({ role: "reader" }), role({ role: "researcher", given_by_group: "eye-research" })];
  const anna = user({ name: "anna", memberships: both, is_administrator: true, administrator_by_group: "admins" });
  const otto = user({ id: "u2", name: "otto", memberships: both.slice(1) });
  const detail = "otto has the role by the group eye-research of the provider: take the person out of the group there";
  openApp("/users", {
    ...EVERYBODY,
    "GET /users": [anna, otto],
    "DELETE /federations/f1/members/u2": new Refusal(409, { error: "conflict", detail }),
  });
  const table = await screen.findByTestId("users");
  expect(within(table).getAllByRole("row")[1]).toHaveTextContent(
    /Administrator.*by the group admins.*Eyes: reader.*Eyes: researcher.*by the group eye-research/,
  );
  fireEvent.click(screen.getByRole("button", { name: "Actions of otto" }));
  fireEvent.click(await screen.findByRole("menuitem", { name: "Take role in Eyes" }));
  expect(await screen.findByText(/take the person out of the group there/i)).toBeInTheDocument();
});

it("ends a link that nobody used, and says whose", async () => {
  const { sent } = openApp("/users", { ...EVERYBODY, "DELETE /invitations/i1": null });
  fireEvent.click(await screen.findByRole("button", { name: "Revoke the link for Dr. Weiss" }));
  expect(await screen.findByText("The link for Dr. Weiss no longer works.")).toBeInTheDocument();
  expect(sent.filter(({ what }) => what === "DELETE /invitations/i1")).toHaveLength(1);
});

it("asks everybody for a second factor, and offers no less than the server asks", async () => {
  const set = { duty: "everybody", at_least: "administrators", set_by: "mira", set_at: "2026-01-02T10:00:00Z" };
  const { bodies } = openApp("/users", {
    ...EVERYBODY,
    "GET /second-factor-duty": { duty: "administrators", at_least: "administrators", set_by: null, set_at: null },
    "PUT /second-factor-duty": set,
  });
  const card = await screen.findByTestId("second-factor-duty");
  expect(card).toHaveTextContent("FEDSM_SECOND_FACTOR of this server asks for no less");
  fireEvent.click(within(card).getByRole("combobox", { name: "Who must have a second factor" }));
  const nobody = await screen.findByRole("option", { name: /^Nobody/, hidden: true });
  expect(nobody).toHaveAttribute("data-combobox-disabled");
  fireEvent.click(screen.getByRole("option", { name: "Everybody", hidden: true }));
  expect(await within(card).findByText(/chosen by/)).toHaveTextContent("mira");
  expect(bodies("PUT /second-factor-duty")).toEqual([{ duty: "everybody" }]);
});

it("keeps what was typed into an invitation that the backend refuses, at its field", async () => {
  openApp("/users", {
    ...EVERYBODY,
    "POST /federations/f1/invitations": new Refusal(422, {
      error: "invalid",
      detail: "label: too long",
      fields: [{ field: "label", value: "Dr.", message: "is too long", remedy: "shorten it" }],
    }),
  });
  const invite = await screen.findByRole("button", { name: "Invite a person" });
  await waitFor(() => expect(invite, "once the federations are known").toBeEnabled());
  fireEvent.click(invite);
  const label = await screen.findByLabelText(/^Whom it is for/);
  fireEvent.change(label, { target: { value: "Dr. Weiss" } });
  fireEvent.click(screen.getByRole("button", { name: "Make link" }));
  expect(await screen.findByText(/is too long/i)).toBeInTheDocument();
  expect(label).toHaveValue("Dr. Weiss");
});

it("shows a new token once, with the scope and the days that were chosen", async () => {
  const made = { ...token({ id: "t2", name: "plots" }), token: "fedsm_secret" };
  const { bodies } = openApp("/tokens", { "GET /tokens": [], "POST /tokens": made });
  expect(await screen.findByText("No token yet")).toBeInTheDocument();
  fireEvent.click(screen.getByRole("button", { name: "New token" }));
  fireEvent.change(await screen.findByLabelText(/^Name/), { target: { value: "plots" } });
  fireEvent.click(screen.getByRole("button", { name: "Make token" }));
  expect(await screen.findByTestId("token")).toHaveTextContent("fedsm_secret");
  expect(bodies("POST /tokens")).toEqual([{ name: "plots", days: 90, scope: "all" }]);
});

it("marks a token that has expired, and keeps it in the list when it cannot be revoked", async () => {
  openApp("/tokens", {
    "GET /tokens": [token({ expires_at: "2020-01-01T00:00:00Z" }), token({ id: "t2", name: "plots" })],
    "DELETE /tokens/t1": new Refusal(503, { error: "busy", detail: "The database is busy. Try again." }),
  });
  const row = (await screen.findByText("nightly")).closest("tr") as HTMLElement;
  expect(within(row).getByText("Expired")).toBeInTheDocument();
  expect(screen.getAllByText("Expired")).toHaveLength(1);
  fireEvent.click(within(row).getByRole("button", { name: "Revoke nightly" }));
  expect(await screen.findByText(/The database is busy/)).toBeInTheDocument();
  expect(screen.getByText("nightly")).toBeInTheDocument();
});

it("says how full the disk is, and that nothing is stored", async () => {
  openApp("/storage", { "GET /storage": storage({}) });
  expect(await screen.findByText(/of .* free \(20/)).toBeInTheDocument();
  expect(screen.getByRole("progressbar", { name: /80.*of \/srv\/fedsm is used/ })).toBeInTheDocument();
  expect(screen.getByText("Nothing is stored")).toBeInTheDocument();
});

it("names damaged files, and what a check of every file found", async () => {
  const damaged = "d".repeat(64);
  openApp("/storage", {
    "GET /storage": storage({ damaged: [damaged], num_files: 2, num_bytes: 2000 }),
    "POST /storage/scrub": { num_checked: 2, damaged: [damaged], lost: [] },
    "POST /storage/sweep": { num_files: 1, num_bytes: 1000 },
  });
  expect(await screen.findByTestId("damaged")).toHaveTextContent(damaged);
  fireEvent.click(screen.getByRole("button", { name: "Check every file" }));
  expect(await screen.findByText(/1 of 2 files are damaged or lost/)).toBeInTheDocument();
  fireEvent.click(screen.getByRole("button", { name: "Remove what nobody needs" }));
  expect(await screen.findByText(/1 file.*removed\./)).toBeInTheDocument();
});

it("links what happened to where it happened, but not to what is deleted since", async () => {
  const event = { at: "2026-01-02T10:00:00Z", kind: "experiment", actor: "mira", level: "info", federation_id: "f1" };
  const of = { run_id: null, dataset_id: null, site_slug: null, round: null, task_id: null };
  openApp("/activity", {
    "GET /events": [
      {
        ...event,
        ...of,
        id: 1,
        experiment_id: "e1",
        message: "mira created the experiment Kept.",
        target_deleted: false,
      },
      {
        ...event,
        ...of,
        id: 2,
        experiment_id: "e2",
        message: "mira created the experiment Gone.",
        target_deleted: true,
      },
    ],
    "GET /federations": [],
  });
  const kept = (await screen.findByText("mira created the experiment Kept.")).closest("tr");
  const gone = screen.getByText("mira created the experiment Gone.").closest("tr");
  expect(within(kept as HTMLElement).getByRole("link")).toHaveAttribute("href", "/experiments/e1");
  expect(within(gone as HTMLElement).queryByRole("link")).toBeNull();
  expect(gone).toHaveTextContent("deleted since");
});

it("tells filters that nothing fits from a platform where nothing has happened", async () => {
  openApp("/activity", { "GET /events": [], "GET /federations": [] });
  expect(await screen.findByText("Nothing has happened yet")).toBeInTheDocument();
});

it("asks for what the address filters, and offers the same as a file", async () => {
  const { sent } = openApp("/activity?actor=mira", { "GET /events": [], "GET /federations": [] });
  expect(await screen.findByText("Nothing fits these filters")).toBeInTheDocument();
  expect(screen.getByRole("link", { name: "Download CSV" })).toHaveAttribute("href", expect.stringContaining("mira"));
  await waitFor(() =>
    expect(sent.some(({ what, search }) => what === "GET /events" && /mira/.test(search))).toBe(true),
  );
});
