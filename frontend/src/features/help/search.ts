/** What the address of the documentation holds. */

import * as v from "valibot";
import { text } from "@/lib/search";

export const helpSearch = v.object({
  /** Words that are looked for. */
  find: text,
});
