import { fireEvent, screen, within } from "@testing-library/react";
import { expect, it, vi } from "vitest";
import type { Report, ReportPicture } from "@/api";
import { openApp, Refusal } from "@/testing/openApp";

const CASE: ReportPicture = {
  rank: "worst",
  passed_over: false,
  site_slug: "a",
  site_id: "s1",
  name: "eye-7",
  dice: 0.31,
  dice_text: "0.310",
  chosen_model: "personalized/b",
  slice: null,
  picture: "0".repeat(64),
};
const SITE = { slug: "a", name: "Aster", position: 0, role: "trains", num_cases: {}, minimum_count: 10 } as const;
const REPORT: Report = {
  title: "Four clinics",
  note: "",
  experiment_id: "e1",
  experiment_name: "Try",
  description: "",
  federation_name: "Eyes",
  frozen_at: "2026-01-02T10:00:00Z",
  frozen_by: "admin",
  version: "1",
  checkpoint: "best",
  task: { structures: [{ name: "disc", label_values: [1] }] },
  sites: [SITE, { ...SITE, slug: "b", name: "Birch", position: 1 }],
  methods: [],
  settings: [],
  config: {},
  fingerprints: {},
  baseline: null,
  tables: [],
  matrix: null,
  selector: null,
  curves: [],
  remarks: [],
  pictures: {
    run_label: "FedSM",
    seed: 0,
    model: "super",
    cases: [CASE, { ...CASE, rank: "best", passed_over: true, site_slug: "b", name: null, picture: null }],
  },
};

const ANSWERS = {
  "GET /session": new Refusal(401, { error: "not_signed_in", detail: "sign in first" }),
  "GET /shared-reports/xyz": { expires_at: null, pdf_path: "/api/v1/shared-reports/xyz/pdf", report: REPORT },
};

it("shows a report's cases, and says which of them a site has withdrawn", async () => {
  openApp("/reports/xyz", ANSWERS);
  const picture = await screen.findByRole("img", { name: /^The worst case, of Aster/ });
  expect(picture).toHaveAttribute("src", "/api/v1/shared-reports/xyz/pictures/worst");
  expect(screen.getByText("Worst: Dice 0.310").closest("figcaption")).toHaveTextContent("by the model of Birch");
  expect(screen.queryByRole("img", { name: /^The best case/ })).toBeNull();
  expect(screen.getByText("The site lets this picture be shown no more.")).toBeInTheDocument();
  expect(screen.getByText("The best case of all has no picture.")).toBeInTheDocument();
});

it("jumps to each part of a report, and takes the focus along", async () => {
  const scrolled = vi.spyOn(Element.prototype, "scrollIntoView");
  openApp("/reports/xyz", ANSWERS);
  const marks = within(await screen.findByRole("navigation", { name: "On this page" }));
  const words = ["Sites", "Results on the test cases", "Worst, median and best case", "Methods and settings"];
  expect(marks.getAllByRole("button").map((mark) => mark.textContent)).toEqual(words);
  fireEvent.click(marks.getByRole("button", { name: "Methods and settings" }));
  const heading = screen.getByRole("heading", { level: 2, name: "Methods and settings" });
  expect(heading).toHaveFocus();
  expect(scrolled.mock.contexts).toContain(heading);
});
