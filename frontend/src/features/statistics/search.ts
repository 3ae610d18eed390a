/** What the address holds of a federation's statistics. */

import * as v from "valibot";
import { choice, page } from "@/lib/search";

export const statisticsSearch = v.object({
  /** The part of the distances between sites that is shown. When left out, it is all parts together. */
  part: choice(["overall", "intensity", "spacing", "size", "structure_size", "prevalence"]),
  /** The page of the images that are in two places. */
  page,
});
