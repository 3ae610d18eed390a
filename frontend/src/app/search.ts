/** What the address holds of the pages that several features share. */

import * as v from "valibot";
import { FEDERATION_TABS } from "@/components/crumbs";
import { experimentsSearch, runsSearch } from "@/features/experiments/search";
import { sitesSearch } from "@/features/federations/search";
import { resultsSearch } from "@/features/results/search";
import { runSearch } from "@/features/runs/search";
import { statisticsSearch } from "@/features/statistics/search";
import { choice, text } from "@/lib/search";

export const federationSearch = v.object({
  tab: choice(FEDERATION_TABS),
  ...experimentsSearch.entries,
  ...sitesSearch.entries,
  ...statisticsSearch.entries,
});

export const experimentSearch = v.object({
  /** The tab: `results`, or a run's id. */
  run: text,
  ...runsSearch.entries,
  ...runSearch.entries,
  ...resultsSearch.entries,
});
