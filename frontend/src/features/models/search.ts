/** What the address holds of a model's page. */

import * as v from "valibot";
import { choice, text } from "@/lib/search";

export const modelSearch = v.object({
  /** The image that is shown. */
  prediction: text,
  /** The images that were sent together, which alone are listed. */
  batch: text,
  /** Whose mask is shown; left out: the chosen model's. */
  model: text,
  /** The super model's threshold of what is done on the page. When left out, it is the run's. */
  threshold: choice(["validation"]),
});

/** What the address holds of a version's page. */
export const versionSearch = v.object({
  /** The version that stands next to it. */
  with: text,
});
