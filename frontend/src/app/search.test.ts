import * as v from "valibot";
import { expect, it } from "vitest";
import { experimentSearch, federationSearch } from "./search";

it("reads what each feature of a shared page reads", () => {
  const federation = {
    tab: "statistics",
    find: "eyes",
    state: "failed",
    site: "a",
    picture: true,
    part: "size",
    page: 3,
  };
  expect(v.parse(federationSearch, federation)).toEqual(federation);
  expect(v.parse(federationSearch, { tab: "nowhere" }).tab).toBeUndefined();
  const experiment = { run: "r1", task: "t", hide: ["a"], from: 3, logLevel: "error", metric: "hd95", gamma: 0 };
  expect(v.parse(experimentSearch, experiment)).toEqual(experiment);
});
