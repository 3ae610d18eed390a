/** What the address holds of a model's page. */

import * as v from "valibot";
import { text } from "@/lib/search";

export const modelSearch = v.object({
  /** The image that is shown. */
  prediction: text,
  /** Whose mask is shown; left out: the chosen model's. */
  model: text,
});
