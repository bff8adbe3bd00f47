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
  /** Distances of the lines behind it; left out: round decimal ones. */
  increments?: readonly number[] | undefined;
  bars?: boolean;
  height?: number;
  /** Left out: that of the reader. */
  timeZone?: string | undefined;
  /** A range was dragged over, in milliseconds since the epoch. */
  onRange?: ((from: number, to: number) => void) | undefined;
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
  const { series, readable, bars = false, height = 200, increments, timeZone, onRange } = props;
  const clock = clockOf(timeZone);
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
    padding: [12, 18, 0, 0],
    cursor: { y: false, points: { size: 7 }, drag: { x: onRange !== undefined, setScale: false } },
    ...(onRange ? { hooks: { setSelect: [(plot) => reportRange(plot, onRange)] } } : {}),
    ...(timeZone ? { tzDate: (s) => uPlot.tzDate(new Date(s * 1_000), timeZone) } : {}),
    scales: { y: { range: (_, __, max) => [0, max > 0 ? max * 1.06 : 1] } },
    axes: [
      { ...axis, size: 30, grid: { show: false }, values: clock.ticks },
      {
        ...axis,
        size: 58,
        values: (_, ticks) => ticks.map((tick) => readable(tick)),
        ...(increments ? { incrs: [...increments] } : {}),
      },
    ],
    series: [
      { label: 'From', value: (_, time) => (time == null ? '–' : clock.whole(time)) },
      ...series.map(({ label, color }) => ({
        label,
        value,
        stroke: colorOf(color),
        width: bars ? 0 : 2,
        points: { show: false, size: 5, filter: lonePoints },
        ...(bars && uPlot.paths.bars
          ? { fill: colorOf(color), paths: uPlot.paths.bars({ size: [0.72, 40], radius: 0.15 }) }
          : {}),
      })),
    ],
  };
}

/** Of uPlot: the smallest distance of the ticks in seconds, and how they read from there on. */
const DAY_S = 86_400;

/** Times in a zone; left out: that of the reader. */
function clockOf(timeZone: string | undefined) {
  const options = { timeZone, hourCycle: 'h23' } as const;
  const time = new Intl.DateTimeFormat(undefined, {
    ...options,
    hour: '2-digit',
    minute: '2-digit',
  });
  const day = new Intl.DateTimeFormat(undefined, { timeZone, day: 'numeric', month: 'short' });
  const whole = new Intl.DateTimeFormat(undefined, {
    ...options,
    dateStyle: 'medium',
    timeStyle: 'short',
  });
  const ticks: uPlot.Axis.Values = (_, all, __, ___, distance) =>
    all.map((tick) => {
      const at = tick * 1_000;
      const text = time.format(at);
      return distance >= DAY_S || text === '00:00' ? day.format(at) : text;
    });
  return { ticks, whole: (seconds: number) => whole.format(seconds * 1_000) };
}

/** A line through a value without neighbours has no length: it gets a point. */
const lonePoints: uPlot.Series.Points.Filter = (plot, at) => {
  const values = plot.data[at] ?? [];
  return [...values.keys()].filter(
    (one) => values[one] != null && values[one - 1] == null && values[one + 1] == null,
  );
};

function reportRange(plot: uPlot, onRange: (from: number, to: number) => void): void {
  const { left, width } = plot.select;
  if (width < MIN_DRAGGED_PX) return;
  const [from, to] = [plot.posToVal(left, 'x'), plot.posToVal(left + width, 'x')];
  onRange(Math.round(from * 1_000), Math.round(to * 1_000));
}

/** Less is a click. */
const MIN_DRAGGED_PX = 8;

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
