import { useEffect, useRef } from "react";
import { FONT_FAMILY } from "@/lib/font";
import { painted } from "@/lib/palette";
import { useChartZoom, type Zoom } from "./chartZoom";
import { type ChartOption, connect, init } from "./echarts";

interface Props {
  option: ChartOption;
  height: number;
  label: string;
  group?: string;
  zoom?: Zoom;
  dark: boolean;
}

export default function EChart({ option, height, label, group, zoom, dark }: Props) {
  const element = useRef<HTMLDivElement>(null);
  const chart = useRef<ReturnType<typeof init>>(undefined);

  useEffect(() => {
    if (!element.current) return;
    const made = init(element.current, dark ? "dark" : undefined);
    chart.current = made;
    if (group) {
      made.group = group;
      connect(group);
    }
    // A canvas does not draw again by itself when its font has come.
    void document.fonts.ready.then(() => !made.isDisposed() && made.resize());
    const observer = new ResizeObserver(() => made.resize());
    observer.observe(element.current);
    return () => {
      observer.disconnect();
      made.dispose();
    };
  }, [dark, group]);

  useEffect(() => {
    chart.current?.setOption(
      {
        backgroundColor: "transparent",
        textStyle: { fontFamily: FONT_FAMILY },
        animation: false,
        aria: { enabled: true, label: { description: label } },
        ...painted(option, dark),
      },
      { notMerge: true },
    );
  }, [option, label, dark]);

  useChartZoom(
    () => chart.current,
    () => element.current,
    zoom,
  );

  return <div ref={element} style={{ height }} role="img" aria-label={label} />;
}
