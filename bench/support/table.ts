import type { Goal, Row, Unit } from './row.ts';
import { median } from './statistics.ts';

const HEAD = ['benchmark', 'baseline', 'figure', 'ours', 'ratio', 'goal', 'met'];

/** A figure with three significant digits. */
export function formatFigure(figure: number, unit: Unit): string {
  const digits = figure >= 100 ? 0 : figure >= 10 ? 1 : 2;
  const text = figure.toLocaleString('en', {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
  if (unit === 'count') return text;
  return unit === '/s' ? `${text}/s` : `${text} ${unit}`;
}

/**
 * All rows as one Markdown table. Figures are medians over the rounds. The ratio is the median of the ratios of the
 * rounds, so that a machine that becomes slower during the run distorts neither.
 */
export function formatTable(rows: readonly Row[]): string {
  return markdownTable([HEAD, ...rows.map(cells)]);
}

/** @param lines the head, and the lines below it */
export function markdownTable(lines: readonly (readonly string[])[]): string {
  const widths = (lines[0] ?? []).map((_, column) =>
    Math.max(...lines.map((line) => cell(line, column).length)),
  );
  const format = (line: readonly string[]): string =>
    `| ${widths.map((width, column) => cell(line, column).padEnd(width)).join(' | ')} |`;
  const [head = [], ...body] = lines;
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`;
  return [format(head), rule, ...body.map(format)].join('\n');
}

function cell(line: readonly string[], column: number): string {
  return line[column] ?? '';
}

function cells(row: Row): string[] {
  const { name, unit, baseline, goal } = row;
  const ours = median(row.ours);
  const ratio = baseline && median(row.ours.map((one, at) => one / (baseline.figures[at] ?? 0)));
  return [
    name,
    baseline?.what ?? '',
    baseline ? formatFigure(median(baseline.figures), unit) : '',
    formatFigure(ours, unit),
    ratio === null ? '' : ratio.toFixed(2),
    goal ? goalText(goal, unit) : '',
    goal ? (isMet(goal, goal.of === 'ratio' ? (ratio ?? Number.NaN) : ours) ? 'yes' : 'NO') : '',
  ];
}

function goalText({ of, limit, value }: Goal, unit: Unit): string {
  const sign = limit === 'at least' ? '≥' : '≤';
  return of === 'ratio' ? `${sign} ${value} ×` : `${sign} ${formatFigure(value, unit)}`;
}

function isMet({ limit, value }: Goal, figure: number): boolean {
  return limit === 'at least' ? figure >= value : figure <= value;
}
