import { UnstyledButton } from "@mantine/core";
import { useElementSize } from "@mantine/hooks";
import { IconBolt, IconCircleCheck, IconPlugConnectedX } from "@tabler/icons-react";
import type { SiteRecord } from "@/api";
import { LongName } from "@/components/LongName";
import { plural } from "@/lib/format";
import { siteColour, siteLineType } from "@/lib/palette";
import { casesOf, doing } from "@/lib/sites";
import classes from "./Hub.module.css";
import { type HubNode, type HubPicture, hubPicture } from "./hubPicture";

const STATES = {
  online: { word: "Online", icon: IconCircleCheck, colour: "teal" },
  busy: { word: "Busy", icon: IconBolt, colour: "blue" },
  offline: { word: "Offline", icon: IconPlugConnectedX, colour: "gray" },
} as const;
const STROKE = { online: 2, busy: 3.5, offline: 1.5 } as const;
/** The width that is assumed before the picture is measured. */
const USUAL_WIDTH = 960;
const MIN_WIDTH = 640;
/** The distance of a label from its node. */
const SPACE = 8;
/** Two lines of a name need as much. */
const TWO_LINES = 66;

interface Props {
  sites: readonly SiteRecord[];
  onOpen: (slug: string) => void;
}

/** The coordinator and its sites. All of it is in the table, too. */
export function Hub({ sites, onOpen }: Props) {
  const { ref, width } = useElementSize();
  const picture = hubPicture(sites.map(casesOf), Math.max(MIN_WIDTH, width || USUAL_WIDTH));
  return (
    <div ref={ref} style={{ overflowX: "auto" }}>
      <section
        className={classes.picture}
        style={{ width: picture.width, height: picture.height }}
        aria-label={`The coordinator and its ${plural(sites.length, "site")}; the table says the same`}
      >
        <Lines picture={picture} sites={sites} />
        {sites.map((site, index) => {
          const node = picture.nodes[index];
          return node && <Node key={site.id} site={site} node={node} picture={picture} onOpen={onOpen} />;
        })}
      </section>
    </div>
  );
}

function Lines({ picture, sites }: { picture: HubPicture; sites: readonly SiteRecord[] }) {
  const { hub, nodes, width, height } = picture;
  return (
    <svg className={classes.lines} width={width} height={height} aria-hidden="true">
      {sites.map((site, index) => {
        const node = nodes[index];
        if (!node) return null;
        return (
          <line
            key={site.id}
            className={classes.spoke}
            data-state={site.state}
            x1={hub.x}
            y1={hub.y}
            x2={node.x}
            y2={node.y}
            stroke={site.state === "offline" ? "var(--mantine-color-dimmed)" : siteColour(site.position)}
            strokeWidth={STROKE[site.state]}
          />
        );
      })}
      <circle
        cx={hub.x}
        cy={hub.y}
        r={hub.radius}
        fill="var(--mantine-color-body)"
        stroke="var(--mantine-primary-color-filled)"
        strokeWidth={2.5}
      />
      <text x={hub.x} y={hub.y + 4} textAnchor="middle" fontSize={13} fontWeight={600} fill="var(--mantine-color-text)">
        Coordinator
      </text>
      {sites.map((site, index) => {
        const node = nodes[index];
        return node && <Dot key={site.id} site={site} node={node} />;
      })}
    </svg>
  );
}

/** A ring from the ninth site on, when colours come again, as everywhere. */
function Dot({ site, node }: { site: SiteRecord; node: HubNode }) {
  const again = siteLineType(site.position) !== "solid";
  return (
    <>
      <circle cx={node.x} cy={node.y} r={node.radius + 2} fill="var(--mantine-color-body)" />
      <circle cx={node.x} cy={node.y} r={node.radius} fill={siteColour(site.position)} />
      {again && <circle cx={node.x} cy={node.y} r={node.radius * 0.45} fill="var(--mantine-color-body)" />}
    </>
  );
}

function Node(props: { site: SiteRecord; node: HubNode; picture: HubPicture; onOpen: (slug: string) => void }) {
  const { site, node, picture } = props;
  const look = STATES[site.state];
  const Icon = look.icon;
  const now = doing(site);
  const facts = `${look.word}, ${plural(casesOf(site), "case")}${now ? `. ${now}` : ""}`;
  const across = 2 * node.radius;
  const width = across + SPACE + node.labelWidth;
  const left = node.side === "right" ? node.x - node.radius : node.x + node.radius - width;
  return (
    <UnstyledButton
      className={classes.node}
      data-side={node.side}
      data-archived={site.archived_at !== null}
      style={{ left, top: node.y, width, height: Math.max(across, picture.gap - 6), gap: SPACE }}
      onClick={() => props.onOpen(site.slug)}
      title={`${site.name}\n${facts}`}
    >
      <span style={{ width: across, flexShrink: 0 }} aria-hidden />
      <span className={classes.label}>
        <span className={classes.name} data-lines={picture.gap >= TWO_LINES ? 2 : 1}>
          {picture.gap >= TWO_LINES ? site.name : <LongName name={site.name} />}
        </span>
        <span className={classes.state}>
          <Icon size={14} color={`var(--mantine-color-${look.colour}-filled)`} style={{ flexShrink: 0 }} aria-hidden />
          <span className={classes.what}>
            {look.word} · {now ?? plural(casesOf(site), "case")}
          </span>
        </span>
      </span>
    </UnstyledButton>
  );
}
