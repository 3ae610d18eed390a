import { describe, expect, it } from "vitest";
import { cellText, chartCsv, chartTable, columnDigits, csvName, pageOf } from "./chartRows";

const titles = (table: ReturnType<typeof chartTable>) => table.columns.map(({ title }) => title);

describe("chartTable", () => {
  it("has a row each place of the lines, in order, and a gap where a line has no point", () => {
    const table = chartTable({
      xAxis: { type: "value", name: "round" },
      yAxis: { type: "value" },
      series: [
        {
          type: "line",
          name: "Aster",
          data: [
            [2, 0.5],
            [10, 0.75],
          ],
        },
        {
          type: "line",
          name: "Birch",
          data: [
            [1, 0.25],
            [2, "-"],
          ],
        },
      ],
    });
    expect(titles(table)).toEqual(["round", "Aster", "Birch"]);
    expect(table.rows).toEqual([
      [1, null, 0.25],
      [2, 0.5, null],
      [10, 0.75, null],
    ]);
  });

  it("leaves out what the zoom has left out", () => {
    const data = [1, 2, 3, 4].map((round) => [round, round / 10]);
    const table = chartTable({ xAxis: { type: "value", min: 2, max: 3 }, series: [{ type: "line", data }] });
    expect(table.rows).toEqual([
      [2, 0.2],
      [3, 0.3],
    ]);
  });

  it("has a row each category, upright and lying, with the unit of the other axis", () => {
    const categories = { type: "category", name: "Site", data: ["Aster", { value: "Birch" }] };
    const measure = { type: "value", name: "Mean volume (ml)" };
    const series = [
      { type: "bar", name: "disc", data: [1.5, "-"] },
      { type: "bar", name: "cup", data: [{ value: 0.5, itemStyle: {} }, 2] },
    ];
    const upright = chartTable({ xAxis: categories, yAxis: measure, series });
    const lying = chartTable({ xAxis: measure, yAxis: categories, series });
    expect(titles(upright)).toEqual(["Site", "disc (ml)", "cup (ml)"]);
    expect(upright.rows).toEqual([
      ["Aster", 1.5, 0.5],
      ["Birch", null, 2],
    ]);
    expect(lying).toEqual(upright);
  });

  it("says a histogram's counts once, and names axes that the chart leaves bare", () => {
    const series = [{ type: "bar", name: "Cases", data: [3, 4] }];
    const source = { xAxis: { type: "category", data: ["0–1", "1–2"] }, yAxis: { type: "value" }, series };
    expect(titles(chartTable({ ...source, yAxis: { name: "Cases" } }, { x: "Spacing (mm)" }))).toEqual([
      "Spacing (mm)",
      "Cases",
    ]);
    expect(titles(chartTable(source, { y: "Time (s)" }))).toEqual(["", "Cases (s)"]);
    expect(titles(chartTable({ ...source, series: [{ type: "bar", data: [3, 4] }] }, { y: "Time (s)" }))).toEqual([
      "",
      "Time (s)",
    ]);
  });

  it("takes each line's unit from its own axis", () => {
    const table = chartTable({
      xAxis: { type: "category", name: "γ", data: ["0.5"] },
      yAxis: [{ name: "HD95 (mm)" }, { name: "share (%)" }],
      series: [
        { type: "line", name: "Distance", data: [4] },
        { type: "line", name: "Global", yAxisIndex: 1, data: [30] },
      ],
    });
    expect(titles(table)).toEqual(["γ", "Distance (mm)", "Global (%)"]);
  });

  it("turns a heat map so that each row of it is a column", () => {
    const table = chartTable({
      xAxis: { type: "category", name: "Grey value", data: ["0.25", "0.75"] },
      yAxis: { type: "category", name: "Site", data: ["Aster", "Birch"] },
      series: [
        {
          type: "heatmap",
          name: "Pixels (%)",
          data: [
            [0, 0, 10],
            [1, 0, 90],
            [1, 1, 100],
          ],
        },
      ],
    });
    expect(titles(table)).toEqual(["Grey value", "Aster (%)", "Birch (%)"]);
    expect(table.rows).toEqual([
      ["0.25", 10, null],
      ["0.75", 90, 100],
    ]);
  });

  it("has a row each point where several share a place", () => {
    const scatter = {
      type: "scatter",
      name: "Aster",
      data: [
        [1, 2],
        [1, 3],
      ],
    };
    const other = { type: "scatter", name: "Birch", data: [[4, 5]] };
    const axes = { xAxis: { type: "value", name: "Time (s)" }, yAxis: { type: "value", name: "Dice" } };
    expect(chartTable({ ...axes, series: [scatter] }).rows).toEqual([
      [1, 2],
      [1, 3],
    ]);
    const both = chartTable({ ...axes, series: [scatter, other] });
    expect(titles(both)).toEqual(["Series", "Time (s)", "Dice"]);
    expect(both.rows[2]).toEqual(["Birch", 4, 5]);
  });
});

describe("the file", () => {
  it("has every digit, quotes what needs it, and gives a spreadsheet no formula", () => {
    const table = {
      columns: [
        { title: 'Site, "named"', numeric: false },
        { title: "Dice", numeric: true },
      ],
      rows: [
        ["=1+1", 0.123456789],
        ["−3", null],
      ],
    };
    expect(chartCsv(table)).toBe('"Site, ""named""",Dice\n\'=1+1,0.123456789\n−3,\n');
  });

  it("is named by what the chart is of", () => {
    expect(csvName("Cases by size of Optic Disc (ml)")).toBe("cases-by-size-of-optic-disc-ml.csv");
    expect(csvName("…")).toBe("chart.csv");
  });
});

describe("numbers", () => {
  const digitsOf = (...numbers: (number | null)[]) =>
    columnDigits({ columns: [{ title: "", numeric: true }], rows: numbers.map((number) => [number]) })[0];

  it("have five digits in the largest of a column, and as many behind the point in all", () => {
    expect(digitsOf(0.76119, 0.5, null)).toBe(5);
    expect(digitsOf(1.123456, 0.001)).toBe(4);
    expect(digitsOf(30.16, 9.2)).toBe(2);
    expect(digitsOf(12345678.9, 1)).toBe(0);
    expect(digitsOf(3, 4, 0)).toBe(0);
    expect(digitsOf(null)).toBe(0);
  });

  it("are a dash where there is none", () => {
    expect([cellText("0–1"), cellText(9.2, 2), cellText(null, 2)]).toEqual(["0–1", "9.20", "–"]);
  });
});

it("gives pages of rows, and the last for one that is there no more", () => {
  const rows = [[1], [2], [3]];
  expect(pageOf(rows, 2, 2)).toEqual({ rows: [[3]], page: 2, numPages: 2, from: 3 });
  expect(pageOf(rows, 9, 2).page).toBe(2);
  expect(pageOf([], 1, 2)).toEqual({ rows: [], page: 1, numPages: 1, from: 1 });
});

it("leaves out an area between two lines, whose numbers the lines have", () => {
  const line = { type: "line", name: "Lowest", data: [[1, 0.5]] };
  const area = {
    type: "custom",
    data: [
      [1, 0.5],
      [1, 0.9],
    ],
  };
  const table = chartTable({ xAxis: { type: "value", name: "round" }, yAxis: {}, series: [area, line] });
  expect(titles(table)).toEqual(["round", "Lowest"]);
  expect(table.rows).toEqual([[1, 0.5]]);
});
