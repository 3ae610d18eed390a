import { MantineProvider } from "@mantine/core";
import { fireEvent, render, screen, within } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import { Chart } from "./Chart";
import ChartTable from "./ChartTable";

const option = {
  xAxis: { type: "category" as const, name: "Spacing (mm)", data: ["1–2", "2–3"] },
  yAxis: { type: "value" as const, name: "Cases" },
  series: [{ type: "bar" as const, name: "Cases", data: [3, 4] }],
};

describe("a chart's table", () => {
  it("stands in the chart's place until the chart is asked for again", async () => {
    render(
      <MantineProvider>
        <ChartTable option={option} label="Cases by spacing" height={200} />
      </MantineProvider>,
    );
    const table = screen.getByRole("table", { name: "Cases by spacing" });
    expect(
      within(table)
        .getAllByRole("columnheader")
        .map((head) => head.textContent),
    ).toEqual(["Spacing (mm)", "Cases"]);
    expect(within(table).getByRole("rowheader", { name: "2–3" }).closest("tr")).toHaveTextContent("4");
    expect(screen.getByRole("button", { name: "Download CSV" })).toBeVisible();
  });

  it("has a page of rows where there are thousands", () => {
    const data = Array.from({ length: 2500 }, (_, round) => [round + 1, round / 2500]);
    const long = { xAxis: { type: "value" as const, name: "round" }, series: [{ type: "line" as const, data }] };
    render(
      <MantineProvider>
        <ChartTable option={long} label="Loss" height={200} />
      </MantineProvider>,
    );
    expect(screen.getAllByRole("row")).toHaveLength(101);
    fireEvent.click(screen.getByRole("button", { name: "last page" }));
    expect(screen.getByText("Rows 2401 to 2500 of 2500")).toBeVisible();
    expect(screen.getByRole("rowheader", { name: "2500" })).toBeVisible();
  });
});

it("offers the table next to every chart", async () => {
  render(
    <MantineProvider>
      <Chart option={{ series: [] }} label="Cases by spacing" />
    </MantineProvider>,
  );
  expect(await screen.findByRole("button", { name: "Show as table: Cases by spacing" })).toBeVisible();
});
