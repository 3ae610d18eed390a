/** The steps of setting up an experiment, and which field belongs to which. */

import { type FieldProblem, formPath } from "@/api";

export const STEPS = ["task", "data", "training", "methods", "review"] as const;
export type Step = (typeof STEPS)[number];

export const STEP_WORDS: Record<Step, { label: string; title: string }> = {
  task: { label: "Task and sites", title: "What is asked, and where" },
  data: { label: "Data", title: "How images are prepared" },
  training: { label: "Network and schedule", title: "What is trained, and for how long" },
  methods: { label: "Methods", title: "Which methods are compared" },
  review: { label: "Review", title: "What will happen" },
};

/** The document that tells of a step. */
export const STEP_HELP: Record<Step, string> = {
  task: "data",
  data: "augmentations",
  training: "networks",
  methods: "algorithm",
  review: "runs",
};

const OWNERS: readonly [RegExp, Step][] = [
  [/^(name|description|held_out_sites|minimum_sites|refuse_outliers|waiting|federation)\b/, "task"],
  [/^(data|evaluation)\b/, "data"],
  [/^(network|schedule|seeds|retention)\b/, "training"],
  [/^strategies\b/, "methods"],
];

/** What nobody else owns is shown with the review. */
export function stepOf(field: string): Step {
  const path = formPath(field);
  return OWNERS.find(([pattern]) => pattern.test(path))?.[1] ?? "review";
}

export function problemsOf(step: Step, problems: readonly FieldProblem[]): FieldProblem[] {
  return problems.filter((problem) => stepOf(problem.field) === step);
}

export function neighbour(step: Step, by: 1 | -1): Step | null {
  return STEPS[STEPS.indexOf(step) + by] ?? null;
}

/** Fields that most people look at; the others wait behind "More settings". A new field of the contract joins them. */
const USUAL: Record<string, readonly string[]> = {
  data: ["sampling", "image_size", "depth", "spacing", "intensity", "augmentation"],
  schedule: [
    "rounds",
    "local_epochs",
    "batch_size",
    "learning_rate",
    "learning_rate_schedule",
    "optimizer",
    "loss",
    "participation",
  ],
  waiting: ["absent_minutes"],
};

export function isUsual(section: string, field: string): boolean {
  return USUAL[section]?.includes(field) ?? true;
}
