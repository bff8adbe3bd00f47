import 'uplot/dist/uPlot.min.css';
import { useEffect, useRef, useSyncExternalStore } from 'react';
import uPlot from 'uplot';
import { useTheme } from '../frame/theme.ts';

export interface Series {
  label: string;
  /** A colour of the page, such as `ok`. */
  color: 'accent' | 'ok' | 'wrong' | 'wait' | 'refused' | 'quiet';
  /** One for each time; null where it is missing. */
  values: readonly (number | null)[];
}

export interface ChartProps {
  /** For screen readers, who get the table behind it. */
  label: string;
  /** Seconds since the epoch. */
  times: readonly number[];
  series: readonly Series[];
  readable: (value: number) => string;
  bars?: boolean;
  height?: number;
}

const DARK = '(prefers-color-scheme: dark)';
const onSystemTheme = (listener: () => void): (() => void) => {
  const query = matchMedia(DARK);
  query.addEventListener('change', listener);
  return () => query.removeEventListener('change', listener);
};

/** Lines or bars over time, as uPlot draws them. */
export default function Chart(props: ChartProps) {
  const element = useRef<HTMLDivElement>(null);
  const chosen = useTheme();
  const isSystemDark = useSyncExternalStore(onSystemTheme, () => matchMedia(DARK).matches);

  useEffect(() => {
    const target = element.current;
    if (!target) return;
    const plot = new uPlot(optionsFor(target, props), dataOf(props), target);
    const watcher = new ResizeObserver(() =>
      plot.setSize({ width: target.clientWidth, height: plot.height }),
    );
    watcher.observe(target);
    return () => {
      watcher.disconnect();
      plot.destroy();
    };
  }, [props, chosen, isSystemDark]);

  return (
    <div className="chart">
      <div ref={element} role="img" aria-label={props.label} />
    </div>
  );
}

function dataOf({ times, series }: ChartProps): uPlot.AlignedData {
  return [[...times], ...series.map(({ values }) => [...values])];
}

function optionsFor(target: HTMLElement, props: ChartProps): uPlot.Options {
  const { series, readable, bars = false, height = 200 } = props;
  const colorOf = colorsOf(target);
  const axis: uPlot.Axis = {
    stroke: colorOf('muted'),
    grid: { stroke: colorOf('line'), width: 1 },
    ticks: { show: false },
    font: `11px ${getComputedStyle(target).fontFamily}`,
  };
  const value = (_: uPlot, raw: number | null): string => (raw == null ? '–' : readable(raw));
  return {
    width: target.clientWidth,
    height,
    padding: [12, 8, 0, 0],
    cursor: { y: false, points: { size: 7 } },
    scales: { y: { range: (_, __, max) => [0, Math.max(max, 1) * 1.06] } },
    axes: [
      { ...axis, grid: { show: false }, values: TIME_AXIS },
      { ...axis, size: 58, values: (_, ticks) => ticks.map((tick) => readable(tick)) },
    ],
    series: [
      { value: (_, time) => (time == null ? '–' : new Date(time * 1_000).toLocaleString()) },
      ...series.map(({ label, color }) => ({
        label,
        value,
        stroke: colorOf(color),
        width: bars ? 0 : 2,
        points: { show: false },
        ...(bars && uPlot.paths.bars
          ? { fill: colorOf(color), paths: uPlot.paths.bars({ size: [0.72, 40], radius: 0.15 }) }
          : {}),
      })),
    ],
  };
}

const H24 = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' } as const;
/** Of uPlot: the smallest distance of the ticks in seconds, and how they read from there on. */
const DAY_S = 86_400;
const TIME_AXIS: uPlot.Axis.Values = (_, ticks, __, ___, distance) =>
  ticks.map((tick) => {
    const time = new Date(tick * 1_000);
    const isMidnight = time.getHours() === 0 && time.getMinutes() === 0;
    return distance >= DAY_S || isMidnight
      ? time.toLocaleDateString(undefined, { day: 'numeric', month: 'short' })
      : time.toLocaleTimeString(undefined, H24);
  });

/** A canvas knows no `light-dark()`: the page computes the colours. */
function colorsOf(target: HTMLElement): (name: string) => string {
  const probe = target.appendChild(document.createElement('span'));
  probe.hidden = true;
  const names = ['accent', 'ok', 'wrong', 'wait', 'refused', 'quiet', 'muted', 'line'];
  const colors = new Map(
    names.map((name) => {
      probe.style.color = `var(--${name})`;
      return [name, getComputedStyle(probe).color];
    }),
  );
  probe.remove();
  return (name) => colors.get(name) ?? 'gray';
}
