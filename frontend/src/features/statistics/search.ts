/** What the address holds of a federation's statistics. */

import * as v from "valibot";
import { choice, page } from "@/lib/search";

export const statisticsSearch = v.object({
  /** What the distances of the sites are shown by; left out: all together. */
  part: choice(["overall", "intensity", "spacing", "size", "structure_size", "prevalence"]),
  /** Of images in two places. */
  page,
});
