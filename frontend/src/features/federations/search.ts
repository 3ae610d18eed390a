/** What the address holds of the list of federations, and of the sites of one. */

import * as v from "valibot";
import { flag, text } from "@/lib/search";

export const federationsSearch = v.object({ find: text, archived: flag });

export type FederationsSearch = v.InferOutput<typeof federationsSearch>;

export const sitesSearch = v.object({
  /** Slug of the site whose details are open. */
  site: text,
  /** Sites as hub and spokes; left out: as a table. */
  picture: flag,
  archived: flag,
});

export type SitesSearch = v.InferOutput<typeof sitesSearch>;
