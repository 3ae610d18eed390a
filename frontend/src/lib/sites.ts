/** Sites in words: what they are doing, how many cases they have, what their policies say. */

import type { OwnPolicy, SegmentationTask, SitePause, SitePolicy, SiteRecord, SiteTask } from "@/api";
import { tasks } from "@/api/tables.json";
import { formatPercent, plural, upperFirst } from "./format";
import { strategyName } from "./words";

export const SPLITS = ["train", "val", "test"] as const;

/** The name of the site with this slug; the slug of one that the federation does not have. */
export function siteName(federation: { sites: readonly Pick<SiteRecord, "slug" | "name">[] }, slug: string): string {
  return federation.sites.find((site) => site.slug === slug)?.name ?? slug;
}

/** The name and the place in the order of colours; a site that the federation does not have goes by its slug. */
export function siteLook(
  slug: string,
  federation: { sites: readonly Pick<SiteRecord, "slug" | "name" | "position">[] },
): SiteLook {
  const site = federation.sites.find((entry) => entry.slug === slug);
  return { name: site?.name ?? slug, position: site?.position ?? 0 };
}

export interface SiteLook {
  name: string;
  position: number;
}

/** A setting's text, in which sites go by their names. */
export function settingText(
  federation: { sites: readonly Pick<SiteRecord, "slug" | "name">[] },
  path: string,
  value: string,
): string {
  if (path !== "held_out_sites") return value;
  return value
    .split(", ")
    .map((slug) => siteName(federation, slug))
    .join(", ");
}

export function casesOf(site: Pick<SiteRecord, "num_cases">): number {
  return Object.values(site.num_cases).reduce((sum, count) => sum + count, 0);
}

export function isActive(site: Pick<SiteRecord, "archived_at">): boolean {
  return site.archived_at === null;
}

/** `Training, round 3 of 20 (FedSM, seed 0)`, `Checking a data set, 40 %`. */
export function taskSentence(task: SiteTask): string {
  const { doing, of_round } = tasks[task.kind];
  const share = task.run_label === null && task.fraction > 0 ? `, ${formatPercent(task.fraction)}` : "";
  const round = of_round && task.round ? `, round ${task.round} of ${task.num_rounds}` : "";
  const run = task.run_label ? ` (${task.run_label})` : "";
  return `${upperFirst(doing)}${share}${round}${run}`;
}

/** What a site is doing now; undefined where that is nothing. */
export function doing(site: Pick<SiteRecord, "tasks">): string | undefined {
  const [first, ...others] = site.tasks;
  if (!first) return undefined;
  return others.length > 0 ? `${taskSentence(first)}, and ${others.length} more` : taskSentence(first);
}

/** `All methods, all pictures`: what may run and leave, for a cell of a table. `no new pictures` where some that were
 * sent before lie at the backend still. */
export function policyInShort(policy: SitePolicy, sentBefore = false): string {
  const methods = policy.allowed_strategies;
  return `${methods ? plural(methods.length, "method") : "All methods"}, ${pictures(policy, sentBefore)}`;
}

function pictures(policy: SitePolicy, sentBefore: boolean): string {
  const kinds: [boolean | undefined, string][] = [
    [policy.may_send_thumbnails, "thumbnails"],
    [policy.may_send_images, "images"],
    [policy.may_send_predictions, "predictions"],
  ];
  const kept = kinds.filter(([may]) => may === false).map(([, name]) => name);
  if (kept.length === 0) return "all pictures";
  const no = sentBefore ? "no new" : "no";
  if (kept.length === kinds.length) return `${no} pictures`;
  return kept.map((name) => `${no} ${name}`).join(", ");
}

/** Whether the policy keeps some pictures at the site, so that some sent earlier may lie at the backend. */
export function sendsLess(policy: SitePolicy): boolean {
  return [policy.may_send_thumbnails, policy.may_send_images, policy.may_send_predictions].includes(false);
}

/** Where a site's work is done. */
export function kindInWords(site: Pick<SiteRecord, "kind">): string {
  return site.kind === "simulated" ? "simulated on this machine" : "real, with its own worker";
}

/** `the end of a sentence that begins with "its policy"`, with the line of the hospital's own policy file. */
export function policyLine(pause: SitePause): string {
  return `${pause.said} (${pause.line})`;
}

/** What a person must do, or has done, about a real site's credential; null where there is nothing to say. */
export function linkInWords(site: Pick<SiteRecord, "link">): string | null {
  switch (site.link?.status) {
    case "invited":
      return "Invited: it has not asked to join yet.";
    case "pending":
      return "Asks to join: compare the six words.";
    case "stopped":
      return "Its credential is in use twice: decide.";
    case "revoked":
      return "Its credential has ended.";
    case "joined":
      return site.link.pause ? `Runs wait: its policy ${policyLine(site.link.pause)}.` : null;
    default:
      return null;
  }
}

/** Every clause of a policy, as a site's manager would say it. */
export function policySentences(policy: SitePolicy): string[] {
  const methods = policy.allowed_strategies;
  const may = (allowed: boolean | undefined) => (allowed === false ? "may not leave" : "may leave");
  return [
    methods ? `Only ${methods.map(strategyName).join(", ")} may train here.` : "Every method may train here.",
    `Thumbnails of used cases ${may(policy.may_send_thumbnails)}.`,
    `Images and references of test cases ${may(policy.may_send_images)}.`,
    `Predicted masks of test cases ${may(policy.may_send_predictions)}.`,
    `Hashes of images, for finding copies at other sites, ${may(policy.may_send_hashes)}.`,
    policy.minimum_count && policy.minimum_count > 1
      ? `Statistics tell no count from 1 to ${policy.minimum_count - 1}.`
      : "Statistics tell every count.",
  ];
}

const OPENED: Record<NonNullable<OwnPolicy["leaves"]>[number], string> = {
  names: "names of cases and files",
  texts: "log lines and texts of errors",
  case_scores: "scores of single test cases",
  thumbnails: "thumbnails",
  images: "images and references of test cases",
  predictions: "predicted masks of test cases",
  hashes: "hashes of images",
};

/** What a hospital allows by a file of its own, which its agent keeps to whatever the hub asks. */
export function ownPolicySentences(policy: OwnPolicy): string[] {
  const opened = (policy.leaves ?? []).map((one) => OPENED[one]);
  const least = policy.minimum_training_cases ?? 1;
  return [
    policy.allows_federation === false ? "This federation may not work there." : null,
    policy.methods ? `Only ${policy.methods.map(strategyName).join(", ")} may train there.` : null,
    least > 1 ? `It does not train with fewer than ${plural(least, "case")}.` : null,
    policy.approves_by_rule
      ? "Some runs are approved by its rules, all others by a person."
      : "A person approves each run.",
    opened.length > 0
      ? `Besides updates and means, ${listed(opened)} may leave.`
      : "Nothing but updates and means leaves.",
    policy.leaves?.includes("case_scores")
      ? null
      : `Means of scores are over ${plural(policy.minimum_scored_cases ?? 5, "case")} or more.`,
  ].filter((sentence) => sentence !== null);
}

function listed(words: readonly string[]): string {
  return words.length < 2 ? words.join() : `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`;
}

/** `2D, 3 channels`. */
export function taskInShort(task: SegmentationTask): string {
  return `${task.dimensions ?? 2}D, ${plural(task.num_channels ?? 3, "channel")}`;
}

/** `3 of 4 sites online`, of those that are not archived. */
export function onlineSentence(sites: readonly SiteRecord[]): string {
  const active = sites.filter(isActive);
  const online = active.filter((site) => site.state !== "offline").length;
  const simulated = active.filter((site) => site.kind === "simulated").length;
  const which = simulated === 0 ? "" : `, ${simulated === active.length ? "all" : simulated} simulated on this machine`;
  return `${online} of ${plural(active.length, "site")} online${which}`;
}
