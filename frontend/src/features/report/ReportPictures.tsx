import { Group, Stack, Text } from "@mantine/core";
import type { Report, ReportPicture, ReportPictures } from "@/api";
import { Isolated } from "@/components/Isolated";
import classes from "./Report.module.css";
import { pictureAddress, reportModel, siteNames } from "./reports";

interface Props {
  pictures: ReportPictures;
  report: Report;
  token: string;
}

/** The worst, the median and the best case next to each other, in the PDF's words. */
export function PicturesSection({ pictures, report, token }: Props) {
  return (
    <Stack gap="sm" data-testid="report-pictures">
      <Text size="sm" c="dimmed">
        Test cases of the sites that train, by the Dice of {pictures.run_label} (
        {reportModel(pictures.model, siteNames(report)).toLowerCase()}), seed {pictures.seed}. Only cases whose site
        lets images and predictions leave have a picture.
      </Text>
      <Group gap="lg">
        <Mark className={classes.reference}>reference</Mark>
        <Mark className={classes.prediction}>prediction</Mark>
      </Group>
      <div className={classes.pictures}>
        {pictures.cases.map((one) => (
          <CasePicture key={one.rank} shown={one} report={report} token={token} />
        ))}
      </div>
    </Stack>
  );
}

function Mark({ className, children }: { className: string | undefined; children: string }) {
  return (
    <Group gap={6} wrap="nowrap">
      <span className={`${classes.mark} ${className}`} aria-hidden />
      <Text size="sm">{children}</Text>
    </Group>
  );
}

function CasePicture({ shown, report, token }: { shown: ReportPicture; report: Report; token: string }) {
  const nameOf = siteNames(report);
  const site = nameOf(shown.site_slug);
  return (
    <figure className={classes.case}>
      {shown.picture ? (
        <img
          src={pictureAddress(token, shown.rank)}
          alt={`The ${shown.rank} case, of ${site}, with the outlines of its reference and of the prediction`}
          className={classes.picture}
        />
      ) : (
        <div className={classes.withdrawn}>
          <Text size="sm" c="dimmed">
            The site lets this picture be shown no more.
          </Text>
        </div>
      )}
      <figcaption>
        <Text fw={600} size="sm">
          {shown.rank.charAt(0).toUpperCase() + shown.rank.slice(1)}: Dice {shown.dice_text}
        </Text>
        <Text size="sm" style={{ overflowWrap: "anywhere" }}>
          {shown.name && (
            <>
              <Isolated>{shown.name}</Isolated>,{" "}
            </>
          )}
          {site}
        </Text>
        {shown.slice !== null && <Text size="sm">axial slice {shown.slice}</Text>}
        {shown.chosen_model && (
          <Text size="sm">by the {reportModel(shown.chosen_model, nameOf).replace(/^./, (c) => c.toLowerCase())}</Text>
        )}
        {shown.passed_over && (
          <Text size="sm" c="dimmed">
            The {shown.rank} case of all has no picture.
          </Text>
        )}
      </figcaption>
    </figure>
  );
}
