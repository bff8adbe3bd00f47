import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command, InvalidArgumentError } from 'commander';
import { access } from './access.ts';
import { analytics } from './analytics.ts';
import { append } from './append.ts';
import { appendMssql } from './append-mssql.ts';
import { archive } from './archive.ts';
import { bareLoop } from './bare-loop.ts';
import { bulk } from './bulk.ts';
import { callbacks } from './callbacks.ts';
import { commitToAnswer } from './commit-to-answer.ts';
import { consolePages } from './console.ts';
import { dbos } from './dbos.ts';
import { endToEnd } from './end-to-end.ts';
import { endurance } from './endurance.ts';
import { enduranceDays } from './endurance-days.ts';
import { enduranceFlood } from './endurance-flood.ts';
import { exportEvents } from './export.ts';
import { feed } from './feed.ts';
import { flood, floodProduction } from './flood.ts';
import { growth } from './growth.ts';
import { machine } from './machine.ts';
import { realEngine } from './real-engine.ts';
import { rebuild } from './rebuild.ts';
import { seen } from './seen.ts';
import { start } from './start.ts';
import type { Benchmark, Run } from './support/benchmark.ts';
import { profileChildrenTo } from './support/child.ts';
import type { Row } from './support/row.ts';
import { formatTable } from './support/table.ts';
import { traffic } from './traffic.ts';
import { waiters } from './waiters.ts';
import { waiting } from './waiting.ts';
import { workers } from './workers.ts';

const BENCHMARKS: Readonly<Record<string, Benchmark>> = {
  append,
  'append-mssql': appendMssql,
  start,
  access,
  machine,
  'end-to-end': endToEnd,
  'bare-loop': bareLoop,
  flood,
  'flood-production': floodProduction,
  seen,
  'real-engine': realEngine,
  workers,
  dbos,
  'commit-to-answer': commitToAnswer,
  traffic,
  waiters,
  waiting,
  endurance,
  'endurance-days': enduranceDays,
  'endurance-flood': enduranceFlood,
  archive,
  bulk,
  callbacks,
  rebuild,
  export: exportEvents,
  feed,
  analytics,
  growth,
  console: consolePages,
};
const NAMES = Object.keys(BENCHMARKS);
/** The length of a measurement in a quick run, as a share of the usual one. */
const QUICK_SHARE = 0.25;
const QUICK_ROUNDS = 1;
const QUICK_EVENTS = 20_000;

const data = fileURLToPath(new URL('../data', import.meta.url));

const command = new Command('npm run bench --')
  .description('Measures the service and its baselines in turn, in the same run')
  .argument('[names...]', `benchmarks to run, of ${NAMES.join(', ')}; default: all`)
  .option('--rounds <n>', 'how often each pair is measured', readCount)
  .option('--quick', 'one round of short measurements, to check that they run')
  .option(
    '--events <list>',
    'events of the databases for feed and analytics, for instance 1000000,10000000',
    readSizes,
  )
  .option(
    '--processes <n>',
    'processes that pass through the service in endurance, and processes in the database of console',
    readCount,
  )
  .option(
    '--minutes <n>',
    'real minutes of a day in endurance-days, and of an hour in endurance-flood',
    readCount,
  )
  .option(
    '--keep <folder>',
    'keep generated databases in this folder and use them again: large ones take minutes to generate',
  )
  .option('--profile <folder>', 'write CPU profiles of the measured processes into this folder')
  .parse();
const options = command.opts<{
  rounds?: number;
  quick?: boolean;
  events?: number[];
  processes?: number;
  minutes?: number;
  keep?: string;
  profile?: string;
}>();
const chosen = command.args.length > 0 ? command.args : NAMES;
const unknown = chosen.find((name) => !(name in BENCHMARKS));
if (unknown) command.error(`There is no benchmark "${unknown}"; there are ${NAMES.join(', ')}.`);
if (options.profile) profileChildrenTo(resolve(options.profile));

mkdirSync(data, { recursive: true });
const home = mkdtempSync(join(data, 'bench-'));
process.once('exit', () => {
  // The handlers before this one have killed the children that write there; some may not have ended yet.
  rmSync(home, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => process.exit(130));
}

const progress = (line: string): void => void process.stderr.write(`${line}\n`);
const run: Run = {
  rounds: options.rounds ?? (options.quick ? QUICK_ROUNDS : 5),
  seconds: (full) => (options.quick ? full * QUICK_SHARE : full),
  events: options.events ?? (options.quick ? [QUICK_EVENTS] : undefined),
  processes: options.processes,
  minutes: options.minutes,
  keep: options.keep && resolve(options.keep),
  progress,
  folder: () => mkdtempSync(join(home, 'data-')),
};
const rows: Row[] = [];
const notes: string[] = [];
for (const name of chosen) {
  const report = await BENCHMARKS[name]?.(run);
  rows.push(...(report?.rows ?? []));
  notes.push(...(report?.notes ?? []));
}
const computer = `${availableParallelism()} × ${cpus()[0]?.model ?? 'unknown CPU'}`;
progress('');
process.stdout.write(`Node ${process.versions.node}, ${computer}, ${run.rounds} rounds\n\n`);
process.stdout.write(`${formatTable(rows)}\n`);
for (const note of notes) process.stdout.write(`\n${note}\n`);
process.exit();

function readCount(text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1)
    throw new InvalidArgumentError('It must be a whole number of at least 1.');
  return count;
}

function readSizes(text: string): number[] {
  const sizes = text.split(',').map(Number);
  if (!sizes.every((size) => Number.isInteger(size) && size > 0))
    throw new InvalidArgumentError('It must be numbers of events, separated by commas.');
  return sizes;
}
