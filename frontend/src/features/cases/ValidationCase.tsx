import { Alert, Image, Stack, Text } from "@mantine/core";
import type { ScoredCase } from "@/api";
import { Unlike } from "@/components/Unlike";
import classes from "./CasesPage.module.css";

/** In place of the viewer: no image and no mask of a validation case leaves its site. */
export function ValidationCase({ scored, site }: { scored: ScoredCase; site: string }) {
  return (
    <div className={classes.column}>
      <Stack gap="sm" align="flex-start">
        <Unlike words={scored.unlike} />
        {scored.thumbnail_url && (
          <Image
            src={scored.thumbnail_url}
            alt={`Small picture of ${scored.name} with its reference outlined`}
            w={256}
            radius="sm"
          />
        )}
        <Text size="sm">
          {scored.name}, {site}
        </Text>
        <Alert color="gray">
          A validation case: the best round and the threshold are chosen on such cases, and no result is made of them.{" "}
          {scored.thumbnail_url ? "Apart from a small picture, images and masks of them" : "Their images and masks"}{" "}
          stay at the site: scores and the choice of the model are all there is to see.
        </Alert>
      </Stack>
    </div>
  );
}
