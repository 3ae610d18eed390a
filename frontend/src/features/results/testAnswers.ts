/** What a backend would answer of a small experiment: two methods, sites a and b that train, and c held out. */

const SITES = ["a", "b", "c"];
const NAMES = ["Aster clinic", "Birch clinic", "Cedar clinic"];

export const federation = {
  id: "f1",
  sites: SITES.map((slug, position) => ({ id: slug, slug, name: NAMES[position], position })),
};

export const experiment = {
  id: "e1",
  name: "Two methods",
  runs: [
    { id: "r1", strategy_label: "FedSM", seed: 0, status: "completed", strategy: { name: "fedsm", gamma: 0.9 } },
    { id: "r2", strategy_label: "FedAvg", seed: 0, status: "completed", strategy: { name: "fedavg" } },
  ],
};

/** The answer to a GET, or undefined where there is none. */
export function answers(url: URL, changes: object): object | undefined {
  const metric = url.searchParams.get("metric") ?? "dice";
  const checkpoint = url.searchParams.get("checkpoint");
  const about = {
    metric,
    checkpoint,
    structure: url.searchParams.get("structure"),
    higher_is_better: metric !== "hd95",
  };
  switch (url.pathname) {
    case "/api/v1/experiments/e1/results":
      return { ...results(metric), ...about, ...changes };
    case "/api/v1/experiments/e1/comparison":
      return { ...comparison, ...about };
    case "/api/v1/experiments/e1/verdict":
      return { ...verdict, ...about };
    case "/api/v1/experiments/e1/gap":
      return { ...gap, metric, structure: about.structure };
    case "/api/v1/runs/r1/effort":
      return effort([100, 200]);
    case "/api/v1/runs/r2/effort":
      return effort([null, null]);
    case "/api/v1/runs/r1/matrix":
    case "/api/v1/runs/r2/matrix":
      return { ...matrix, ...about };
    case "/api/v1/runs/r1/selector/cases":
      return { ...selectorCases, ...about };
    case "/api/v1/runs/r1/selector":
      return { ...selector, ...about };
    case "/api/v1/runs/r1/curves":
      return lines(url, "super", [0.7, 0.9]);
    case "/api/v1/runs/r2/curves":
      return lines(url, "global", [0.6, 0.5]);
    default:
      return undefined;
  }
}

function effort(steps: (number | null)[]) {
  const rounds = steps.map((value, index) => ({ round: index + 1, steps: value, images: null, seconds: 1, bytes: 10 }));
  return { run_id: "r", models: [], remarks: [], rounds };
}

const loss = (value: number, text: string) => ({
  loss: value,
  low: value - 0.01,
  high: value + 0.01,
  text,
  interval_text: `[${text}]`,
});

/** Of a FedSM without a centralized run at equal steps, on all sites' cases and on those of site a. */
const gap = {
  experiment_id: "e1",
  higher_is_better: true,
  unit: null,
  strategy_label: "FedSM",
  model: "super",
  methods: ["FedSM", "FedAvg"],
  seeds: [0],
  levels: [
    {
      key: "centralized",
      strategy_label: "Centralized",
      model: "global",
      words: "Centralized training",
      short: "Centralized",
    },
    { key: "ran", strategy_label: "FedSM", model: "super", words: "The method as it ran", short: "As it ran" },
  ],
  columns: [null, "a"].map((slug) => ({
    site_slug: slug,
    num_cases: 8,
    num_left_out: 0,
    means: [0.9, 0.8],
    texts: ["0.900", "0.800"],
    total: loss(0.1, "+0.100"),
    bound: 0.85,
    bound_text: "0.850",
    room: loss(0.05, "+0.050"),
  })),
  terms: [
    {
      keys: ["optimization", "drift"],
      label: "Optimization and drift",
      words: "lost somewhere",
      start: "centralized",
      end: "ran",
      values: [loss(0.1, "+0.100"), loss(0.1, "+0.100")],
    },
  ],
  checkpoint: null,
  missing: [{ key: "drift", reason: "nobody ran it", remedy: "add a method" }],
  confidence: 0.95,
  num_resamples: 2000,
  words_of_seeds: "One seed: little.",
  notes: [],
};

/** Validation Dice of one site, from round 1 on; no loss. */
function lines(url: URL, model: string, values: number[]) {
  if (url.searchParams.get("name") !== "dice") return { last_id: 0, series: [] };
  const rounds = values.map((_, index) => index + 1);
  const about = { site_slug: "a", model, split: "val", name: "dice" };
  return { last_id: rounds.length, series: [{ ...about, rounds, values, num_cases: values.map(() => 3) }] };
}

function results(metric: string) {
  const means: Record<string, (number | null)[]> =
    metric === "hd95"
      ? { FedSM: [3, 5, 9, 4], FedAvg: [6, 7, 8, 6.5] }
      : { FedSM: [0.9, 0.8, 0.7, 0.85], FedAvg: [0.85, 0.82, 0.75, 0.83] };
  const cells = Object.entries(means).flatMap(([label, ofSites]) =>
    [null, "disc"].flatMap((structure) =>
      [...SITES, null].map((slug, index) => ({
        strategy_label: label,
        model: label === "FedSM" ? "super" : "global",
        metric,
        site_slug: slug,
        unseen: slug === "c",
        structure,
        mean: ofSites[index],
        std: metric === "hd95" ? 0.5 : 0.01,
        num_cases: 4,
        num_fewest: 4,
        lacks: null,
        num_missing: 0,
        num_misses: slug === "c" && metric === "hd95" ? 1 : 0,
        num_seeds: 2,
      })),
    ),
  );
  return {
    experiment_id: "e1",
    unit: metric === "hd95" ? "px" : null,
    nsd_tolerance: 2,
    structures: ["disc"],
    sites: SITES,
    unseen_sites: ["c"],
    cells,
    columns: COLUMNS,
    tables: [null, "disc"].map((structure) => ({
      structure,
      rows: Object.keys(means).map((label) => {
        const own = cells.filter((cell) => cell.strategy_label === label && cell.structure === structure);
        return {
          strategy_label: label,
          model: own[0]?.model,
          effort: {
            strategy_label: label,
            model: own[0]?.model ?? "global",
            num_runs: 1,
            num_rounds: 2,
            steps: label === "FedSM" ? 1200 : null,
            steps_fewest: 1000,
            steps_most: 1400,
            images: 2400,
            seconds: 60,
            bytes: 1000,
          },
          cells: COLUMNS.map(({ key }) => shown(own, key, metric)),
        };
      }),
    })),
    notes: [],
    remarks: [],
    words_of_seeds: "One seed: intervals are over test cases alone.",
    selectors: [],
    complete: true,
  };
}

const COLUMNS = ["all", "worst", ...SITES.map((slug) => `site/${slug}`)].map((key) => ({
  key,
  site_slug: key.startsWith("site/") ? key.slice(5) : null,
  unseen: key === "site/c",
}));

/** Of these answers the worst site that trains is always b, and nothing is marked. */
function shown(
  own: { site_slug: string | null; mean: number | null | undefined; std: number }[],
  key: string,
  metric: string,
) {
  const slug = key === "all" ? null : key === "worst" ? "b" : key.slice(5);
  const score = own.find((cell) => cell.site_slug === slug);
  const digits = metric === "hd95" ? 2 : 3;
  return {
    score,
    text: score?.mean?.toFixed(digits) ?? "–",
    deviation: score?.std.toFixed(digits) ?? null,
    lacks: null,
    best: false,
    difference: null,
  };
}

const comparison = {
  experiment_id: "e1",
  baseline_label: "FedAvg",
  baseline_model: "global",
  test: "a signed-rank test",
  confidence: 0.95,
  num_resamples: 2000,
  cells: [
    ["a", 12],
    ["b", 5],
    [null, 17],
  ].map(([slug, pairs]) => ({
    strategy_label: "FedSM",
    model: "super",
    site_slug: slug,
    unseen: false,
    num_pairs: pairs,
    num_zero: 0,
    num_left_out: 0,
    mean: 0.9,
    baseline_mean: 0.85,
    difference: 0.05,
    difference_text: "+0.050",
    low: 0.01,
    high: 0.09,
    interval_text: "[+0.010, +0.090]",
    p: slug === "b" ? 0.0625 : 0.004,
    p_holm: slug === "b" ? 0.0625 : 0.004,
    method: "exact",
    decidable: slug !== "b",
  })),
};

const fedavg = { strategy_label: "FedAvg", model: "global", mean: 0.83, text: "0.830" };

export const verdict = {
  experiment_id: "e1",
  unit: null,
  complete: true,
  method: { strategy_label: "FedSM", model: "super", mean: 0.85, text: "0.850" },
  run_id: "r1",
  against: [{ role: "baseline", method: fedavg, places: [], words: "" }],
  ahead: null,
  headline: "The super model of FedSM beats FedAvg at Aster clinic (Holm).",
  details: ["The super model of FedSM is 0.032 from Centralized over all sites' cases."],
  words_of_seeds: "One seed: little.",
  test: "a signed-rank test",
};

const matrixRow = (model: string, means: (number | null)[]) => ({
  model,
  cells: [...SITES, null].map((slug, index) => ({
    site_slug: slug,
    mean: means[index],
    text: means[index]?.toFixed(3) ?? "–",
    best: false,
    num_cases: 4,
    num_missing: 0,
    num_misses: 0,
  })),
});

const matrix = {
  run_id: "r1",
  round: 3,
  sites: SITES,
  unseen_sites: ["c"],
  rows: [
    matrixRow("global", [0.8, 0.8, 0.8, 0.8]),
    matrixRow("personalized/a", [0.9, 0.6, 0.7, 0.75]),
    matrixRow("personalized/b", [0.6, 0.9, null, 0.75]),
    matrixRow("own", [0.9, 0.9, null, 0.9]),
    matrixRow("super", [0.9, 0.8, 0.7, 0.85]),
  ],
};

const sweep = [
  { gamma: 0, mean: 0.85, num_cases: 4, share_global: 0 },
  { gamma: 0.5, mean: 0.86, num_cases: 4, share_global: 0.25 },
  { gamma: 0.9, mean: 0.88, num_cases: 4, share_global: 0.5 },
  { gamma: 1, mean: 0.8, num_cases: 4, share_global: 1 },
];

const group = (slug: string | null, chosen: object) => ({
  site_slug: slug,
  unseen: slug === "c",
  num_cases: slug === null ? 4 : 2,
  mean: 0.88,
  share_global: 0.5,
  sweep,
  calibration:
    slug === "c"
      ? null
      : {
          accuracy: 0.75,
          nll: 0.4,
          brier: 0.2,
          ece: 0.12,
          bins: [
            { low: 0.5, high: 0.6, num_cases: 2, confidence: 0.6, accuracy: 0.5 },
            { low: 0.9, high: 1, num_cases: 2, confidence: 0.95, accuracy: 1 },
          ],
        },
  chosen,
});

const selector = {
  run_id: "r1",
  round: 3,
  gamma: 0.9,
  routing: "hard",
  validation: {
    gamma: 0.5,
    dice: 0.87,
    dice_as_run: 0.85,
    num_cases: 6,
    sites: ["a"],
    absent_sites: ["b"],
    points: [],
  },
  sites: ["a", "b"],
  unseen_sites: ["c"],
  groups: [
    group("a", { a: 2, b: 0 }),
    group("b", { a: 1, b: 1 }),
    group("c", { a: 1, b: 1 }),
    group(null, { a: 3, b: 1 }),
  ],
};

/** Their means at every threshold of the sweep are the sweep's. */
const selectorCases = {
  run_id: "r1",
  round: 3,
  gamma: 0.9,
  routing: "hard",
  sites: ["a", "b"],
  unseen_sites: ["c"],
  case_ids: ["1", "2", "3", "4", "5", "6"],
  names: ["one", "two", "three", "four", "five", "six"],
  site_slugs: ["a", "a", "b", "b", "c", "c"],
  most_probable: [0, 0, 0, 1, 0, 1],
  confidence: [0.4, 0.7, 0.95, 0.95, 0.6, 0.97],
  own_scores: [0.8, 0.8, 0.9, 0.9, 0.7, 0.7],
  global_scores: [0.84, 0.88, 0.74, 0.74, 0.7, 0.7],
  home_scores: [0.8, 0.8, 0.95, 0.9, null, null],
  ran_scores: [0.84, 0.88, 0.9, 0.9, 0.7, 0.7],
};
